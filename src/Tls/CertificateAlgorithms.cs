using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TlsGateway.Tls;

/// <summary>The algorithms of a certificate by the names that OpenSSL, and after it the PROXY protocol's senders, give them.</summary>
/// <param name="Signature">That it was signed with, such as RSA-SHA256 or ecdsa-with-SHA256.</param>
/// <param name="Key">Of its key with the size in bits, such as RSA2048 or EC256.</param>
internal sealed record CertificateAlgorithms(string Signature, string Key)
{
    public static CertificateAlgorithms None { get; } = new("", "");

    public static CertificateAlgorithms Of(X509Certificate2 certificate) =>
        new(SignatureOf(certificate.SignatureAlgorithm.Value ?? ""), KeyOf(certificate));

    private static string SignatureOf(string oid) =>
        oid switch
        {
            "1.2.840.113549.1.1.10" => "rsassaPss",
            "1.2.840.113549.1.1.11" => "RSA-SHA256",
            "1.2.840.113549.1.1.12" => "RSA-SHA384",
            "1.2.840.113549.1.1.13" => "RSA-SHA512",
            "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
            "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
            "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
            "1.3.101.112" => "ED25519",
            "1.3.101.113" => "ED448",
            _ => oid,
        };

    private static string KeyOf(X509Certificate2 certificate)
    {
        using RSA? rsa = certificate.GetRSAPublicKey();
        if (rsa is not null)
        {
            return $"RSA{rsa.KeySize}";
        }
        using ECDsa? ecdsa = certificate.GetECDsaPublicKey();
        return ecdsa is not null ? $"EC{ecdsa.KeySize}" : SignatureOf(certificate.PublicKey.Oid.Value ?? "");
    }
}
