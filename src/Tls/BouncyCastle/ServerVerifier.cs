using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>Checks a server's chain and name.</summary>
internal sealed class ServerVerifier(string authoritiesPem) : PeerVerifier(authoritiesPem, "1.3.6.1.5.5.7.3.1")
{
    /// <summary>Null: it verified.</summary>
    /// <param name="chainDer">Leaf first, as the server sent it.</param>
    /// <param name="serverName">What the leaf must be for; null: any.</param>
    public TlsFailure? Verify(IReadOnlyList<byte[]> chainDer, string? serverName)
    {
        if (chainDer.Count == 0)
        {
            return Rejected(AlertDescription.bad_certificate, "the server showed no certificate");
        }
        try
        {
            using X509Certificate2 leaf = X509CertificateLoader.LoadCertificate(chainDer[0]);
            return Build(leaf, chainDer, out _) ?? (serverName is null || leaf.MatchesHostname(serverName) ? null : WrongName(serverName));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return Rejected(AlertDescription.bad_certificate, "the certificate is not well formed");
        }
    }

    private static TlsFailure WrongName(string serverName) =>
        Rejected(AlertDescription.bad_certificate, $"certificate verify failed: it is not for {serverName}");
}
