using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor.Services;
using TlsGateway.LiveView.Data;

namespace TlsGateway.LiveView;

/// <summary>Puts the live view into a web server, below /ui.</summary>
public static class LiveViewSetup
{
    /// <summary>A page sends clicks and a word to search for: this is plenty.</summary>
    private const int MaxMessageBytes = 16 * 1024;

    /// <summary>What its pages load lies below these.</summary>
    private static readonly PathString[] s_paths = ["/ui", "/_blazor", "/_framework", "/_content"];

    /// <summary>It is for the live view, not for the admin API.</summary>
    public static bool IsPath(PathString path) => Array.Exists(s_paths, one => path.StartsWithSegments(one));

    /// <summary>It is the channel of a page that is open: a POST or WebSocket there is no order.</summary>
    public static bool IsChannel(PathString path) => path.StartsWithSegments(s_paths[1]);

    public static void AddLiveView(this IServiceCollection services, ILiveSource source, TimeProvider time)
    {
        services.AddSingleton(source);
        services.AddSingleton(time);
        services.AddSingleton<LiveFeed>();
        services.AddHostedService(static provider => provider.GetRequiredService<LiveFeed>());
        services.AddDataProtection();
        services.Configure<KeyManagementOptions>(static keys =>
            (keys.XmlRepository, keys.XmlEncryptor) = (new MemoryKeys(), new NullXmlEncryptor())
        );
        services
            .AddRazorComponents()
            .AddInteractiveServerComponents(static circuits =>
            {
                // A page whose browser is gone is given up soon: opening it again costs nothing.
                circuits.DisconnectedCircuitMaxRetained = 8;
                circuits.DisconnectedCircuitRetentionPeriod = TimeSpan.FromSeconds(30);
            })
            .AddHubOptions(static hub => hub.MaximumReceiveMessageSize = MaxMessageBytes);
        services.AddMudServices();
    }

    public static void MapLiveView(this WebApplication server)
    {
        server.Use(SecureAsync);
        server.UseAntiforgery();
        server.MapStaticAssets();
        server
            .MapRazorComponents<App>()
            .AddInteractiveServerRenderMode(static options =>
            {
                options.ContentSecurityFrameAncestorsPolicy = null;
                // Deflating a page's updates cost as much as drawing them, and what is secret must not be compressed with what a client of the gateway chose.
                options.DisableWebSocketCompression = true;
            });
    }

    /// <summary>Pages run no script but their own, load nothing from elsewhere and are in no frame.</summary>
    private static Task SecureAsync(HttpContext context, RequestDelegate next)
    {
        if (IsPath(context.Request.Path))
        {
            var headers = context.Response.Headers;
            headers.ContentSecurityPolicy =
                "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
        }
        return next(context);
    }
}
