using System.Text.Json;
using k8s;

namespace TlsGateway.Kubernetes.Api;

/// <summary>The way to one API server: a client of KubernetesClient, with our rules for tokens, trust, time and bytes. Any thread.</summary>
internal sealed class ApiServer : IDisposable
{
    public ApiServer(ApiServerSettings settings, TimeProvider time)
    {
        Settings = settings;
        ApiTrust trust = new(settings.CaFile);
        KubernetesClientConfiguration configuration = new()
        {
            Host = settings.Address.AbsoluteUri,
            UserAgent = "tls-gateway",
            // The handler has the one clock that counts.
            HttpClientTimeout = Timeout.InfiniteTimeSpan,
            FirstMessageHandlerSetup = handler =>
            {
                handler.SslOptions.RemoteCertificateValidationCallback = trust.IsTrusted;
                // It is inside the cluster's network, and it redirects nobody.
                handler.UseProxy = false;
                handler.AllowAutoRedirect = false;
                handler.ConnectTimeout = settings.RequestTimeout;
                handler.MaxResponseHeadersLength = 64;
                // A connection that died in silence under a watch is noticed.
                handler.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
                handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(10);
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(10);
            },
        };
        Client = new k8s.Kubernetes(configuration, new ApiHandler(settings, new ApiToken(settings.TokenFile, time), time));
    }

    public ApiServerSettings Settings { get; }

    /// <summary>Its failures are <see cref="KubernetesApiException"/>s, but for those of <see cref="AskAsync"/>.</summary>
    public k8s.Kubernetes Client { get; }

    /// <summary>Asks by <paramref name="ask"/>, and tells an answer that cannot be read.</summary>
    /// <exception cref="KubernetesApiException">It could not be asked, or refused, or answered with what is no answer.</exception>
    public static async Task<T> AskAsync<T>(string what, Func<Task<T>> ask)
        where T : class
    {
        try
        {
            return await ask() ?? throw new KubernetesApiException(ApiFault.Malformed, $"{what}: the answer is empty.");
        }
        catch (Exception failed) when (IsUnreadable(failed))
        {
            throw new KubernetesApiException(
                ApiFault.Malformed,
                $"{what}: the answer cannot be read: {ApiHandler.Tidy(failed.Message)}",
                failed
            );
        }
    }

    /// <summary>Whether reading JSON into a model ends like this.</summary>
    public static bool IsUnreadable(Exception failed) =>
        failed is JsonException or FormatException or InvalidOperationException or NotSupportedException or ArgumentException
        && failed is not ObjectDisposedException;

    public void Dispose() => Client.Dispose();
}
