using Akka.Actor;
using Microsoft.AspNetCore.Components;
using TlsGateway.Actors;
using TlsGateway.Actors.Inspection;
using TlsGateway.LiveView.Data;

namespace TlsGateway.LiveView;

/// <summary>A page that is brought up to date with each sample. A browser that does not keep up gets fewer, not later ones.</summary>
public abstract class LivePage : ComponentBase, IDisposable
{
    private int _busy;
    private int _samples;

    [Inject]
    protected ILiveSource Source { get; set; } = null!;

    [Inject]
    protected LiveFeed Feed { get; set; } = null!;

    /// <summary>Between two updates, in samples.</summary>
    protected virtual int Every => 1;

    /// <summary>The page is held as it is.</summary>
    protected bool IsPaused { get; set; }

    protected override async Task OnInitializedAsync()
    {
        await RefreshAsync();
        Feed.Sampled += OnSampled;
    }

    /// <summary>Reads what the page shows.</summary>
    protected virtual Task ReadAsync()
    {
        if (Source.Host is { } host)
        {
            Read(host);
        }
        return Task.CompletedTask;
    }

    /// <summary>As <see cref="ReadAsync"/>, where nothing is waited for.</summary>
    protected virtual void Read(GatewayHost host) { }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => Feed.Sampled -= OnSampled;

    /// <summary>As <see cref="ReadAsync"/>; what cannot be had now is shown as it was; the next sample comes soon.</summary>
    protected async Task RefreshAsync()
    {
        try
        {
            await ReadAsync();
        }
        catch (Exception late) when (late is InspectionBusyException or AskTimeoutException) { }
    }

    private void OnSampled(object? sender, EventArgs sampled)
    {
        if (IsPaused || Interlocked.Increment(ref _samples) % Every != 0 || Interlocked.Exchange(ref _busy, 1) == 1)
        {
            return;
        }
        _ = InvokeAsync(async () =>
        {
            try
            {
                await RefreshAsync();
                StateHasChanged();
            }
            finally
            {
                Volatile.Write(ref _busy, 0);
            }
        });
    }
}
