using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Pki;

namespace TlsGateway.Gateway.Commands.Top;

/// <summary>How <c>gateway top</c> speaks https.</summary>
internal static class TopTls
{
    /// <param name="authorities">PEM file; null: the system's authorities.</param>
    /// <param name="certificate">PEM file of a certificate to show; null: none.</param>
    /// <param name="key">PEM file of its key; null: in the same file.</param>
    /// <exception cref="PkiException">A file is not what it should be; says which.</exception>
    public static SslClientAuthenticationOptions Create(string? authorities, string? certificate, string? key)
    {
        SslClientAuthenticationOptions options = new();
        if (authorities is not null)
        {
            X509ChainPolicy policy = new()
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            Try("--ca", authorities, () => policy.CustomTrustStore.ImportFromPemFile(authorities));
            options.CertificateChainPolicy = policy;
        }
        if (certificate is not null)
        {
            Try(
                "--certificate",
                certificate,
                () =>
                {
                    var leaf = X509Certificate2.CreateFromPemFile(certificate, key);
                    X509Certificate2Collection chain = [];
                    chain.ImportFromPemFile(certificate);
                    options.ClientCertificateContext = SslStreamCertificateContext.Create(leaf, chain, offline: true);
                }
            );
        }
        else if (key is not null)
        {
            throw new PkiException("--key is for --certificate.");
        }
        return options;
    }

    private static void Try(string option, string file, Action read)
    {
        try
        {
            read();
        }
        catch (CryptographicException unusable)
        {
            throw new PkiException($"{option} is '{file}', which cannot be used: {unusable.Message}", unusable);
        }
    }
}
