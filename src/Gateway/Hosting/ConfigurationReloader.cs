using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Gateway.Logging;

namespace TlsGateway.Gateway.Hosting;

/// <summary>
/// Reads the configuration again when asked and hands it to the running gateway. A file with errors changes nothing. Requests come one after the other;
/// those that come while one is running are answered by one more. Any thread.
/// </summary>
internal sealed class ConfigurationReloader(
    GatewayConfiguration initial,
    string file,
    ConfigurationWorld world,
    LogLevelSwitch level,
    GatewayRuntime runtime,
    ILogger<ConfigurationReloader> log
)
{
    /// <summary>What was read at start: some keys keep its values.</summary>
    private readonly GatewayConfiguration _started = initial;
    private readonly Lock _lock = new();
    private Task _running = Task.CompletedTask;
    private bool _isQueued;

    /// <summary>What is served now.</summary>
    public GatewayConfiguration Current { get; private set; } = initial;

    /// <summary>Asks for a reload; does not wait for it.</summary>
    /// <returns>The reload that answers this request; it never fails.</returns>
    public Task RequestReload(string signal)
    {
        lock (_lock)
        {
            if (!_isQueued)
            {
                _isQueued = true;
                _running = RunAfterAsync(_running, () => ReloadAsync(signal));
            }
            return _running;
        }
    }

    /// <summary>Reads again what the configuration names, and not the configuration itself: nobody asked for that.</summary>
    /// <param name="changed">The files that are to blame.</param>
    /// <returns>It never fails.</returns>
    public Task RequestFiles(IReadOnlyCollection<string> changed)
    {
        lock (_lock)
        {
            return _running = RunAfterAsync(_running, () => ReloadFilesAsync(changed));
        }
    }

    private async Task RunAfterAsync(Task previous, Func<Task> reload)
    {
        await previous.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await reload().ConfigureAwait(false);
        }
        catch (GatewayStartException refused)
        {
            log.ConfigurationError(refused.Message);
            log.ReloadRefused(1, runtime.Generation);
            runtime.CountReload(done: false);
        }
        catch (Exception failed)
        {
            log.ReloadFailed(failed, runtime.Generation);
            runtime.CountReload(done: false);
        }
    }

    private async Task ReloadAsync(string signal)
    {
        lock (_lock)
        {
            // From here on the file may have been read: a later request needs a reload of its own.
            _isQueued = false;
        }
        log.Reloading(file, signal);
        await ServeAsync(await ConfigurationLoader.LoadAsync(file, world, CancellationToken.None).ConfigureAwait(false))
            .ConfigureAwait(false);
    }

    private async Task ReloadFilesAsync(IReadOnlyCollection<string> changed)
    {
        log.FilesChanged(string.Join(", ", changed));
        await ServeAsync(await ConfigurationLoader.LoadTextAsync(file, Current.Yaml, world, CancellationToken.None).ConfigureAwait(false))
            .ConfigureAwait(false);
    }

    private async Task ServeAsync(ConfigurationResult result)
    {
        foreach (var problem in result.Problems)
        {
            if (problem.Severity == ProblemSeverity.Error)
            {
                log.ConfigurationError(problem.ToString());
            }
            else
            {
                log.ConfigurationWarning(problem.ToString());
            }
        }
        if (result.Configuration is not { } next)
        {
            log.ReloadRefused(result.Problems.Count(static problem => problem.Severity == ProblemSeverity.Error), runtime.Generation);
            runtime.CountReload(done: false);
            return;
        }
        await runtime.ReloadAsync(next).ConfigureAwait(false);
        WarnOfRestart(next);
        level.Level = next.Log.Level;
        Current = next;
        runtime.CountReload(done: true);
        log.Reloaded(runtime.Generation, file, next.Listeners.Count);
    }

    private void WarnOfRestart(GatewayConfiguration next)
    {
        if (next.EventLoops != _started.EventLoops)
        {
            log.NeedsRestart("eventLoops");
        }
        if (!next.Admin.Bind.Equals(_started.Admin.Bind))
        {
            log.NeedsRestart("admin.bind");
        }
        if (next.Admin.Access.Tls is null != _started.Admin.Access.Tls is null)
        {
            log.NeedsRestart("admin.tls");
        }
        if (next.Admin.LiveView != _started.Admin.LiveView)
        {
            log.NeedsRestart("admin.liveView");
        }
        if (!next.NameServers.SequenceEqual(_started.NameServers))
        {
            log.NeedsRestart("dns.servers");
        }
        if (next.Cluster is null != _started.Cluster is null)
        {
            log.NeedsRestart("cluster");
        }
        else if (!Equals(next.Cluster?.RelayBind, _started.Cluster?.RelayBind))
        {
            log.NeedsRestart("cluster.relay");
        }
        if (next.AccessLog != _started.AccessLog)
        {
            log.NeedsRestart("accessLog");
        }
        if (next.Telemetry != _started.Telemetry)
        {
            log.NeedsRestart("telemetry");
        }
        if (next.Log.Format != _started.Log.Format)
        {
            log.NeedsRestart("log.format");
        }
    }
}
