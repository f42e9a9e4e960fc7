using System.Net;
using TlsGateway.Actors;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Hosting;
using TlsGateway.Gateway.Telemetry;

namespace TlsGateway.Gateway.Admin;

/// <summary>
/// Plain HTTP for the operator's tools: <c>/metrics</c> (Prometheus text), <c>/healthz</c> (200 while the process lives), <c>/ready</c> (200 while new
/// connections are welcome, else 503), <c>/connections</c> (<see cref="ConnectionsEndpoint"/>). No authentication, so it belongs on loopback.
/// </summary>
internal sealed class AdminServer : IAsyncDisposable
{
    /// <summary>No endpoint takes a body.</summary>
    private const long MaxBodyBytes = 4096;

    private readonly WebApplication _server;

    private AdminServer(WebApplication server, IPEndPoint endPoint)
    {
        _server = server;
        EndPoint = endPoint;
    }

    /// <summary>Where it really listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Starts it.</summary>
    /// <exception cref="IOException">The address cannot be listened on; the message names it.</exception>
    public static async Task<AdminServer> StartAsync(
        AdminSettings settings,
        TelemetrySettings telemetry,
        GatewayReadiness readiness,
        ILoggerFactory loggers,
        Func<GatewayHost?> host,
        CancellationToken cancellation
    )
    {
        var builder = EmbeddedWebServer.CreateBuilder(settings.Bind, loggers, static limits => limits.MaxRequestBodySize = MaxBodyBytes);
        builder.AddTelemetry(telemetry);
        var server = builder.Build();
        AdminHostFilter filter = new(settings.Bind.Address);
        server.Use((context, next) => filter.InvokeAsync(context, next));
        server.MapPrometheusScrapingEndpoint("/metrics");
        server.MapGet("/healthz", static context => context.Response.WriteAsync("ok\n", context.RequestAborted));
        server.MapGet("/ready", context => AnswerReadinessAsync(context, readiness.Phase));
        new ConnectionsEndpoint(host, settings.Bind.Address, loggers.CreateLogger<ConnectionsEndpoint>()).Map(server);
        try
        {
            await server.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (IOException failed)
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw new IOException(
                $"Cannot listen on admin.bind {settings.Bind}: {failed.Message} Stop what uses it, or set admin.bind to another port.",
                failed
            );
        }
        return new AdminServer(server, new IPEndPoint(settings.Bind.Address, new Uri(server.Urls.First()).Port));
    }

    /// <summary>Stops at once: a scrape that is cut off is tried again.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        await _server.DisposeAsync().ConfigureAwait(false);
    }

    private static Task AnswerReadinessAsync(HttpContext context, GatewayPhase phase)
    {
        context.Response.StatusCode = phase == GatewayPhase.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync(phase.ToString().ToLowerInvariant() + "\n", context.RequestAborted);
    }
}
