using TlsGateway.Gateway.Admin;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Logging;

namespace TlsGateway.Gateway.Hosting;

/// <summary>Starts the gateway with the host and drains it before the ActorSystem, which was started before it, stops.</summary>
internal sealed class GatewayService(
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
        await runtime.StartAsync(initial, cancellationToken).ConfigureAwait(false);
        await report.WriteAsync(initial, runtime, log).ConfigureAwait(false);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await runtime.DrainAsync(reloader.Current.DrainGrace, reloader.Current.DrainTimeout).ConfigureAwait(false);
        await runtime.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>By generation: one that was refused has none.</summary>
    private async Task<bool> ReloadAsync()
    {
        var before = runtime.Generation;
        await reloader.RequestReload("the admin endpoint").ConfigureAwait(false);
        return runtime.Generation > before;
    }
}
