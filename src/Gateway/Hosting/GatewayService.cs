using Akka;
using Akka.Actor;
using TlsGateway.Gateway.Admin;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Logging;

namespace TlsGateway.Gateway.Hosting;

/// <summary>Starts the gateway with the host, and ends it by the phases of the ActorSystem's coordinated shutdown: unready, drain, leave, give up, stop.</summary>
internal sealed class GatewayService(
    ActorSystem system,
    GatewayConfiguration initial,
    GatewayRuntime runtime,
    ConfigurationReloader reloader,
    StartReport report,
    LogLevelSwitch level,
    ILogger<GatewayService> log
) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        runtime.Controls = new AdminControls
        {
            Level = level,
            ReloadAsync = ReloadAsync,
            Configuration = () => reloader.Current,
            Certificates = () => runtime.Certificates,
            Reloads = () => runtime.Reloads,
            Fleet = () => runtime.Fleet,
            TicketKeySince = () => runtime.TicketKeySince,
        };
        PlanShutdown(CoordinatedShutdown.Get(system));
        await runtime.StartAsync(initial, cancellationToken).ConfigureAwait(false);
        await report.WriteAsync(initial, runtime, log).ConfigureAwait(false);
    }

    public Task StopAsync(CancellationToken cancellationToken) =>
        CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.ClrExitReason.Instance);

    /// <summary>The phases have no time limit of their own that matters (<see cref="GatewayProcess"/>): each of these has one.</summary>
    private void PlanShutdown(CoordinatedShutdown shutdown)
    {
        Add(CoordinatedShutdown.PhaseBeforeServiceUnbind, "unready", () => runtime.BecomeUnreadyAsync(reloader.Current.DrainGrace));
        Add(CoordinatedShutdown.PhaseServiceRequestsDone, "drain", () => runtime.DrainAsync(reloader.Current.DrainTimeout));
        Add(CoordinatedShutdown.PhaseClusterLeave, "leave-fleet", () => runtime.LeaveAsync().AsTask());
        Add(CoordinatedShutdown.PhaseBeforeActorSystemTerminate, "give-up", () => runtime.DisposeAsync().AsTask());

        void Add(string phase, string name, Func<Task> step) =>
            shutdown.AddTask(
                phase,
                name,
                async () =>
                {
                    await step().ConfigureAwait(false);
                    return Done.Instance;
                }
            );
    }

    /// <summary>By generation: one that was refused has none.</summary>
    private async Task<bool> ReloadAsync()
    {
        var before = runtime.Generation;
        await reloader.RequestReload("the admin endpoint").ConfigureAwait(false);
        return runtime.Generation > before;
    }
}
