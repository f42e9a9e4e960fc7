using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using TlsGateway.Actors;
using TlsGateway.Gateway.Admin.Api;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Hosting;
using TlsGateway.Gateway.Telemetry;
using TlsGateway.LiveView;

namespace TlsGateway.Gateway.Admin;

/// <summary>
/// HTTP, with TLS or without, for the operator's tools: <c>/livez</c> (200 while the process lives), <c>/readyz</c> (200 while new connections are welcome, else 503), <c>/metrics</c> (Prometheus text), and the admin API
/// (<see cref="ConnectionsEndpoint"/>, <see cref="UpstreamsEndpoint"/>, <see cref="ProcessEndpoint"/>; described at <c>/openapi.json</c>), and the live view's pages below <c>/ui</c>. <see cref="AdminGate"/> says who may do what.
/// </summary>
internal sealed class AdminServer : IAsyncDisposable
{
    /// <summary>No endpoint takes a body, but for the token of a person who logs in.</summary>
    private const long MaxBodyBytes = 4096;

    /// <summary>Connections to it: scrapes, pages, and no end of them for nobody.</summary>
    private const int MaxConnections = 4096;

    /// <summary>Of them, open pages.</summary>
    private const int MaxPages = 64;

    /// <summary>Where it is answered whether the process lives: to everybody.</summary>
    public static IReadOnlyList<string> LivePaths { get; } = ["/livez", "/healthz"];

    /// <summary>Where it is answered whether new connections are welcome: to everybody.</summary>
    public static IReadOnlyList<string> ReadyPaths { get; } = ["/readyz", "/ready"];

    /// <summary>What Prometheus reads.</summary>
    public const string MetricsPath = "/metrics";

    private readonly WebApplication _server;

    private readonly AdminGate _gate;

    private AdminServer(WebApplication server, AdminGate gate, IPEndPoint endPoint)
    {
        (_server, _gate) = (server, gate);
        EndPoint = endPoint;
    }

    /// <summary>Who is let in from here on.</summary>
    public void Use(AdminAccess access) => _gate.Access = access;

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
        Func<AdminControls?> controls,
        CancellationToken cancellation
    )
    {
        AdminGate gate = new(loggers.CreateLogger<AdminGate>(), TimeProvider.System) { Access = settings.Access };
        // The names of the program's own files: the live view's styles and scripts.
        WebApplicationOptions files = new()
        {
            ApplicationName = typeof(AdminServer).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
            WebRootPath = "wwwroot",
        };
        var builder = EmbeddedWebServer.CreateBuilder(
            settings.Bind,
            loggers,
            static limits =>
            {
                limits.MaxRequestBodySize = MaxBodyBytes;
                limits.MaxConcurrentConnections = MaxConnections;
                limits.MaxConcurrentUpgradedConnections = MaxPages;
            },
            files,
            settings.Access.Tls is { } first ? TlsOf(gate, first) : null
        );
        builder.AddTelemetry(telemetry);
        AdminOpenApi.Add(builder.Services);
        if (settings.LiveView)
        {
            // Where it was built, files are where the packages are; where it was published, they are beside it.
            builder.WebHost.UseStaticWebAssets();
            builder.Services.AddLiveView(new LiveSource(host, controls, readiness), TimeProvider.System);
        }
        var server = builder.Build();
        AdminHostFilter filter = new(settings.Bind.Address);
        // A page of a rebound name has no token and no certificate.
        server.Use((context, next) => gate.Access.IsOpen ? filter.InvokeAsync(context, next) : next(context));
        server.Use((context, next) => gate.InvokeAsync(context, next));
        server.MapPrometheusScrapingEndpoint(MetricsPath);
        foreach (var path in LivePaths)
        {
            server
                .Get(path, static (HttpContext context) => context.Response.WriteAsync("ok\n", context.RequestAborted))
                .Health("200 while the process lives.");
        }
        foreach (var path in ReadyPaths)
        {
            server
                .Get(path, (HttpContext context) => AnswerReadinessAsync(context, readiness))
                .Health("200 while new connections are welcome, else 503; the phase in the body, and what is waited for.");
        }
        server.MapOpenApi(AdminOpenApi.Path);
        if (settings.LiveView)
        {
            server.MapLiveView();
        }
        new ConnectionsEndpoint(host).Map(server);
        new UpstreamsEndpoint(host).Map(server);
        new ProcessEndpoint(host, controls, TimeProvider.System).Map(server);
        new FleetEndpoint(controls, TimeProvider.System).Map(server);
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
        return new AdminServer(server, gate, new IPEndPoint(settings.Bind.Address, new Uri(server.Urls.First()).Port));
    }

    /// <summary>Each connection gets what a reload has left.</summary>
    private static TlsHandshakeCallbackOptions TlsOf(AdminGate gate, AdminTls first) =>
        new()
        {
            OnConnection = context =>
            {
                // Whether there is TLS at all is settled at the start.
                var tls = gate.Access.Tls ?? first;
                AdminGate.Remember(context.Connection.Items, tls);
                return ValueTask.FromResult(tls.CreateOptions());
            },
        };

    /// <summary>Stops at once: a scrape that is cut off is tried again.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        await _server.DisposeAsync().ConfigureAwait(false);
        _gate.Dispose();
    }

    private static Task AnswerReadinessAsync(HttpContext context, GatewayReadiness readiness)
    {
        var missing = readiness.Phase == GatewayPhase.Ready ? readiness.Missing : null;
        context.Response.StatusCode = readiness.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        var text = missing is null ? readiness.Phase.ToString().ToLowerInvariant() : $"waiting: {missing}";
        return context.Response.WriteAsync(text + "\n", context.RequestAborted);
    }
}
