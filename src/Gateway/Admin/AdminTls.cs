using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace TlsGateway.Gateway.Admin;

/// <summary>TLS at the admin endpoint: the host's own, since little comes here. Immutable; any thread.</summary>
/// <param name="certificate">The endpoint's.</param>
/// <param name="clients">Who may show a certificate; null: nobody is asked.</param>
internal sealed class AdminTls(SslStreamCertificateContext certificate, AdminClients? clients)
{
    public AdminClients? Clients => clients;

    /// <param name="leaf">With its key.</param>
    /// <param name="chain">Its intermediates.</param>
    /// <param name="clients">As above.</param>
    public static AdminTls Create(X509Certificate2 leaf, X509Certificate2Collection chain, AdminClients? clients) =>
        new(SslStreamCertificateContext.Create(leaf, chain, offline: true), clients);

    /// <summary>Health needs no certificate, so none is required; one that is shown must verify.</summary>
    public SslServerAuthenticationOptions CreateOptions() =>
        new()
        {
            ServerCertificateContext = certificate,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            ClientCertificateRequired = clients is not null,
            CertificateChainPolicy = clients?.CreatePolicy(),
            RemoteCertificateValidationCallback = static (_, _, _, errors) =>
                errors is SslPolicyErrors.None or SslPolicyErrors.RemoteCertificateNotAvailable,
        };
}
