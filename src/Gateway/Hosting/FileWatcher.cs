using TlsGateway.Gateway.Files;

namespace TlsGateway.Gateway.Hosting;

/// <summary>
/// Looks at the files that the configuration names and has them loaded again when they have changed and then stayed as they are for one look more, so that a pair which is
/// being written is not read between its halves. Looking, and not being told: notifications are lost on network file systems and miss swapped folder links.
/// </summary>
internal sealed class FileWatcher(ConfigurationReloader reloader, TimeProvider time, ILogger<FileWatcher> log) : BackgroundService
{
    /// <summary>Between two looks; a change is served after two to three.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>What was last loaded, or was tried: files that could not be used are not complained of every second.</summary>
    private IReadOnlyDictionary<string, FileState> _handled = reloader.Current.WatchedFiles;

    /// <summary>What was seen at the last look, when that differed.</summary>
    private Dictionary<string, FileState>? _changing;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                await LookAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The gateway stops.
        }
        catch (Exception failed)
        {
            log.WatchFailed(failed);
        }
    }

    private async Task LookAsync()
    {
        var loaded = reloader.Current.WatchedFiles;
        if (!loaded.Keys.All(_handled.ContainsKey) || loaded.Count != _handled.Count)
        {
            // A reload by signal has other files.
            _handled = loaded;
        }
        var now = _handled.Keys.ToDictionary(static file => file, FileState.Of, StringComparer.Ordinal);
        var changed = now.Where(file => file.Value != _handled[file.Key] && file.Value != loaded[file.Key])
            .Select(static file => file.Key)
            .ToList();
        if (changed.Count == 0)
        {
            _changing = null;
            return;
        }
        if (_changing is null || now.Any(file => file.Value != _changing.GetValueOrDefault(file.Key)))
        {
            _changing = now;
            return;
        }
        (_handled, _changing) = (now, null);
        await reloader.RequestFiles(changed).ConfigureAwait(false);
    }
}
