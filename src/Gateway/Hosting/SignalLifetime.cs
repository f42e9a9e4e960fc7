using System.Runtime.InteropServices;
using TlsGateway.Gateway.Commands;

namespace TlsGateway.Gateway.Hosting;

/// <summary>
/// Signals: SIGHUP reloads, the first SIGTERM or SIGINT stops with a drain, the second ends the process at once. Takes the place of the host's own
/// console lifetime, which knows one kind of stop.
/// </summary>
internal sealed class SignalLifetime(IHostApplicationLifetime application, ConfigurationReloader reloader, ILogger<SignalLifetime> log)
    : IHostLifetime,
        IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _stopsAsked;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, Reload));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _registrations.ForEach(static registration => registration.Dispose());

    /// <summary>Signal handlers run on a thread of their own each; the reloader takes one after the other.</summary>
    private void Reload(PosixSignalContext context)
    {
        context.Cancel = true;
        _ = reloader.RequestReload(context.Signal.ToString());
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _stopsAsked) > 1)
        {
            log.StoppingAtOnce(context.Signal.ToString());
            Environment.Exit(ExitCode.StoppedAtOnce);
        }
        var (signal, now) = (context.Signal.ToString(), reloader.Current);
        if (now.DrainGrace > TimeSpan.Zero)
        {
            log.DrainingAfterGrace(signal, now.DrainGrace.TotalSeconds, now.DrainTimeout.TotalSeconds);
        }
        else
        {
            log.Draining(signal, now.DrainTimeout.TotalSeconds);
        }
        application.StopApplication();
    }
}
