using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TlsGateway.Kubernetes.Api;

/// <summary>
/// Who is the API server: certified by an authority of the file, for the host that was asked for, and by no other. The file is read for each handshake, since
/// authorities are replaced while pods run. KubernetesClient's own check does not look at the host's name where the authority is a private one.
/// </summary>
internal sealed class ApiTrust(string caFile)
{
    /// <summary>Fits <see cref="SslClientAuthenticationOptions.RemoteCertificateValidationCallback"/>.</summary>
    public bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        const SslPolicyErrors NotAboutTheChain =
            SslPolicyErrors.RemoteCertificateNotAvailable | SslPolicyErrors.RemoteCertificateNameMismatch;
        if (certificate is not X509Certificate2 leaf || (errors & NotAboutTheChain) != 0)
        {
            return false;
        }
        X509Certificate2Collection authorities = [];
        try
        {
            authorities.ImportFromPemFile(caFile);
            // One by one: while an authority is being replaced there are two of the same name.
            foreach (var authority in authorities)
            {
                if (IsCertifiedBy(authority, leaf, presented))
                {
                    return true;
                }
            }
            return false;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return false;
        }
        finally
        {
            foreach (var authority in authorities)
            {
                authority.Dispose();
            }
        }
    }

    private static bool IsCertifiedBy(X509Certificate2 authority, X509Certificate2 leaf, X509Chain? presented)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        // The cluster's authorities publish no revocation lists.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1", "serverAuth"));
        if (presented is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        }
        return chain.Build(leaf);
    }
}
