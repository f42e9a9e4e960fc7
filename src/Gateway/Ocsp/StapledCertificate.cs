using System.Security.Cryptography;
using Org.BouncyCastle.X509;
using TlsGateway.Pki.Certificates;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Ocsp;

/// <summary>A leaf that is stapled to, with its issuer, who signs the responses.</summary>
internal sealed record StapledCertificate(X509Certificate Leaf, X509Certificate Issuer)
{
    /// <summary>SHA-256 of the leaf, hex: the name of its file in the cache.</summary>
    public string Id { get; } = Convert.ToHexStringLower(SHA256.HashData(Leaf.GetEncoded()));

    public string Subject => DistinguishedName.ToText(Leaf.SubjectDN);

    /// <summary>Clients refuse it without a response.</summary>
    public bool IsMustStaple => MustStaple.IsPromisedBy(Leaf);

    /// <summary>Null: the chain has no issuer, or the leaf names no responder.</summary>
    public static StapledCertificate? Of(TlsCertificate certificate)
    {
        X509CertificateParser parser = new();
        using MemoryStream pem = new(System.Text.Encoding.UTF8.GetBytes(certificate.ChainPem));
        var leaf = parser.ReadCertificate(pem);
        var issuer = parser.ReadCertificate(pem);
        return leaf is null || issuer is null || OcspClient.ResponderOf(leaf) is null ? null : new StapledCertificate(leaf, issuer);
    }
}
