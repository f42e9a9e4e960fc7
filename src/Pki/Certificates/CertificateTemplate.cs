using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;

namespace TlsGateway.Pki.Certificates;

/// <summary>What goes into one certificate.</summary>
public sealed record CertificateTemplate
{
    public required CertificateProfile Profile { get; init; }

    public required X509Name Subject { get; init; }

    public required AsymmetricKeyParameter PublicKey { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    public AlternativeNames Names { get; init; } = new();

    /// <summary>Of an authority: how many authorities may stand between it and a leaf (RFC 5280 §4.2.1.9); null: any number.</summary>
    public int? PathLength { get; init; }

    /// <summary>See <see cref="Certificates.MustStaple"/>.</summary>
    public bool MustStaple { get; init; }

    /// <summary>Where the issuer's CRL is; null: not said.</summary>
    public string? CrlUrl { get; init; }

    /// <summary>Where the issuer's OCSP responder is; null: not said.</summary>
    public string? OcspUrl { get; init; }
}
