using Org.BouncyCastle.Asn1.X509;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Pki.Authority;

/// <summary>A new leaf.</summary>
public sealed record LeafRequest
{
    /// <summary>What its files are called; letters, digits, <c>. - _</c>.</summary>
    public required string Name { get; init; }

    public required CertificateProfile Profile { get; init; }

    public required X509Name Subject { get; init; }

    public AlternativeNames Names { get; init; } = new();

    public KeyKind Key { get; init; } = KeyKind.EcdsaP256;

    /// <summary>825 is the most that Apple's clients take from an authority that a user added; a year and a month is what operators are used to.</summary>
    public int Days { get; init; } = 397;

    /// <summary>Clients are to refuse it without a stapled OCSP response (RFC 7633).</summary>
    public bool MustStaple { get; init; }

    /// <summary>Encrypts the leaf's key; null: it is plain.</summary>
    public string? KeyPassphrase { get; init; }

    /// <summary>Files of this name may be replaced.</summary>
    public bool Force { get; init; }

    /// <summary>The folder for the files; null: the authority's own <c>issued</c>.</summary>
    public string? Folder { get; init; }
}
