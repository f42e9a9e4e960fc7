using System.Security.Cryptography.X509Certificates;
using TlsGateway.Tls;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>What a leaf's key can do under a policy: a certificate that no handshake could use is found here and not by clients.</summary>
/// <param name="KeyAlgorithm">Object identifier of the key's algorithm.</param>
/// <param name="KeyBits">Of an RSA or elliptic curve key; 0 for others.</param>
internal sealed record CertificateFitness(string KeyAlgorithm, int KeyBits)
{
    private const string Rsa = "1.2.840.113549.1.1.1";
    private const string RsaPss = "1.2.840.113549.1.1.10";
    private const string EllipticCurve = "1.2.840.10045.2.1";
    private const string Ed25519 = "1.3.101.112";
    private const string Ed448 = "1.3.101.113";

    /// <summary>What the development certificate is.</summary>
    public static CertificateFitness Development { get; } = new(EllipticCurve, 256);

    public static CertificateFitness Of(X509Certificate2 leaf)
    {
        var oid = leaf.PublicKey.Oid.Value ?? "";
        using var rsa = oid == Rsa ? leaf.GetRSAPublicKey() : null;
        using var ecdsa = oid == EllipticCurve ? leaf.GetECDsaPublicKey() : null;
        return new CertificateFitness(oid, rsa?.KeySize ?? ecdsa?.KeySize ?? 0);
    }

    /// <summary>Such as "RSA".</summary>
    public string Kind =>
        KeyAlgorithm switch
        {
            Rsa => "RSA",
            RsaPss => "RSA-PSS",
            EllipticCurve => "ECDSA",
            Ed25519 => "Ed25519",
            Ed448 => "Ed448",
            _ => KeyAlgorithm,
        };

    /// <summary>The engine can sign with such a key.</summary>
    public bool IsOf(TlsEngine engine) => engine == TlsEngine.OpenSsl || KeyAlgorithm is Rsa or EllipticCurve;

    /// <summary>The least that the policy wants of such a key when this one has less; null when it has enough.</summary>
    public int? TooFewFor(TlsPolicy policy)
    {
        var least = KeyAlgorithm switch
        {
            Rsa => policy.MinimumRsaKeyBits,
            EllipticCurve => policy.MinimumEcKeyBits,
            _ => 0,
        };
        return KeyBits < least ? least : null;
    }

    /// <summary>A handshake of this version can use it: there is a suite for it and a signature that it can make.</summary>
    public bool Serves(TlsPolicy policy, TlsVersion version) =>
        version >= policy.MinimumVersion
        && version <= policy.MaximumVersion
        && policy.CipherSuites.Any(suite => Takes(suite, version))
        && policy.SignatureAlgorithms.Any(algorithm => Signs(algorithm, version));

    private bool Takes(string suite, TlsVersion version)
    {
        if (version == TlsVersion.Tls13)
        {
            return TlsParameterNames.IsTls13Suite(suite);
        }
        // RFC 8422 §2.2: EdDSA certificates go with the ECDSA suites.
        return suite.StartsWith(KeyAlgorithm is Rsa or RsaPss ? "TLS_ECDHE_RSA_" : "TLS_ECDHE_ECDSA_", StringComparison.Ordinal);
    }

    // RFC 8446 §4.2.3: TLS 1.3 ties an ECDSA scheme to its curve and knows PKCS#1 v1.5 in certificates only.
    private bool Signs(string algorithm, TlsVersion version) =>
        KeyAlgorithm switch
        {
            Rsa => algorithm.StartsWith("rsa_pss_rsae_", StringComparison.Ordinal)
                || (version == TlsVersion.Tls12 && algorithm.StartsWith("rsa_pkcs1_", StringComparison.Ordinal)),
            RsaPss => algorithm.StartsWith("rsa_pss_pss_", StringComparison.Ordinal),
            EllipticCurve => algorithm.StartsWith(
                version == TlsVersion.Tls12 ? "ecdsa_" : $"ecdsa_secp{KeyBits}r1_",
                StringComparison.Ordinal
            ),
            Ed25519 => algorithm == "ed25519",
            Ed448 => algorithm == "ed448",
            _ => true,
        };
}
