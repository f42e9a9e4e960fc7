using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Gateway.ClientCertificates;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Gateway.Admin;

/// <summary>Callers that show a certificate (mutual TLS). Immutable; any thread.</summary>
/// <param name="authorities">That a certificate must come from; no other is trusted, the system's neither.</param>
/// <param name="readers">Who may look.</param>
/// <param name="admins">Who may give orders; with neither, everybody who verifies may look.</param>
internal sealed class AdminClients(
    X509Certificate2Collection authorities,
    IReadOnlyList<ClientMatch> readers,
    IReadOnlyList<ClientMatch> admins
)
{
    /// <summary>TLS client (RFC 5280 §4.2.1.12).</summary>
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly HashSet<string> _authorities = authorities
        .Select(static one => one.GetCertHashString(HashAlgorithmName.SHA256))
        .ToHashSet(StringComparer.Ordinal);

    /// <summary>What a certificate verified by one of them is worth to the other.</summary>
    public bool TrustsAs(AdminClients other) => _authorities.SetEquals(other._authorities);

    /// <summary>How certificates are verified. Nothing is fetched because a caller's certificate says where from.</summary>
    public X509ChainPolicy CreatePolicy()
    {
        X509ChainPolicy policy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        policy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        return policy;
    }

    /// <summary>What its holder may do.</summary>
    /// <param name="verified">A certificate that was verified and whose key was proved.</param>
    /// <param name="subject">Its subject, for the audit log; "" where it may do nothing.</param>
    public AdminRole RoleOf(X509Certificate2 verified, out string subject)
    {
        subject = "";
        TlsPeerCertificate peer;
        try
        {
            peer = PeerCertificateReader.Read(verified.RawData, default).Certificate;
        }
        catch (CryptographicException)
        {
            return AdminRole.None;
        }
        var role =
            admins.Any(one => one.Fits(peer)) ? AdminRole.Admin
            : readers.Any(one => one.Fits(peer)) || (readers.Count == 0 && admins.Count == 0) ? AdminRole.Reader
            : AdminRole.None;
        subject = role == AdminRole.None ? "" : peer.Subject;
        return role;
    }
}
