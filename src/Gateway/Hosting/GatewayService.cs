using TlsGateway.Gateway.Configuration;

namespace TlsGateway.Gateway.Hosting;

/// <summary>Starts the gateway with the host and drains it before the ActorSystem, which was started before it, stops.</summary>
internal sealed class GatewayService(
    GatewayConfiguration initial,
    GatewayRuntime runtime,
    ConfigurationReloader reloader,
    StartReport report,
    ILogger<GatewayService> log
) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await runtime.StartAsync(initial, cancellationToken).ConfigureAwait(false);
        await report.WriteAsync(initial, runtime, log).ConfigureAwait(false);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await runtime.DrainAsync(reloader.Current.DrainTimeout).ConfigureAwait(false);
        await runtime.DisposeAsync().ConfigureAwait(false);
    }
}
