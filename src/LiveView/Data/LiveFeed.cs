using Microsoft.Extensions.Hosting;

namespace TlsGateway.LiveView.Data;

/// <summary>
/// Looks at the gateway once a second and keeps the last minutes, so that a page has a past when it is opened. It adds up plain fields: some microseconds a second, whoever looks.
/// </summary>
/// <param name="source">The gateway.</param>
/// <param name="time">Its clock.</param>
public sealed class LiveFeed(ILiveSource source, TimeProvider time) : BackgroundService
{
    /// <summary>Samples kept.</summary>
    public const int Kept = 300;

    /// <summary>Between two looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private volatile IReadOnlyList<LiveSample> _samples = [];

    /// <summary>The last ones, oldest first; the last one is at most about a second old.</summary>
    public IReadOnlyList<LiveSample> Samples => _samples;

    /// <summary>There is a new sample. Raised on a thread of the pool.</summary>
    public event EventHandler? Sampled;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, time);
        try
        {
            do
            {
                Look();
            } while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
    }

    internal void Look()
    {
        if (source.Host is not { } host)
        {
            return;
        }
        _samples = [.. _samples.TakeLast(Kept - 1), LiveSample.Of(host, time.GetUtcNow())];
        Sampled?.Invoke(this, EventArgs.Empty);
    }
}
