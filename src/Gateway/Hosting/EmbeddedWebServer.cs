using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace TlsGateway.Gateway.Hosting;

/// <summary>
/// Makes the small HTTP servers inside the gateway. They take nothing from the environment (a container image's ASPNETCORE_HTTP_PORTS would open a
/// port), react to no signal, and log where the gateway logs.
/// </summary>
internal static class EmbeddedWebServer
{
    /// <summary>A builder for a server on one address that speaks HTTP/1.1.</summary>
    /// <param name="bind">Where it listens.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <param name="limits">Sets the server's limits.</param>
    /// <param name="options">Where it finds files; null: it has none.</param>
    /// <param name="tls">Of the endpoint; null: it speaks plain HTTP.</param>
    public static WebApplicationBuilder CreateBuilder(
        IPEndPoint bind,
        ILoggerFactory loggers,
        Action<KestrelServerLimits>? limits = null,
        WebApplicationOptions? options = null,
        TlsHandshakeCallbackOptions? tls = null
    )
    {
        var builder = WebApplication.CreateEmptyBuilder(options ?? new WebApplicationOptions { ApplicationName = "TlsGateway" });
        builder
            .WebHost.UseKestrelCore()
            .ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                limits?.Invoke(kestrel.Limits);
                kestrel.Listen(
                    bind,
                    endpoint =>
                    {
                        endpoint.Protocols = HttpProtocols.Http1;
                        if (tls is not null)
                        {
                            endpoint.UseHttps(tls);
                        }
                    }
                );
            });
        if (tls is not null)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        return builder;
    }

    /// <summary>Signals are the gateway's: it starts and stops these servers itself.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
