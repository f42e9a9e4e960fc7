using Org.BouncyCastle.Asn1.X509;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Pki.Authority;

/// <summary>A new authority.</summary>
public sealed record AuthorityRequest
{
    public required X509Name Subject { get; init; }

    public KeyKind Key { get; init; } = KeyKind.EcdsaP256;

    public int Days { get; init; } = 3650;

    /// <summary>How many authorities may stand below it; null: any number, or what the parent allows.</summary>
    public int? PathLength { get; init; }

    public RevocationPlaces Places { get; init; } = RevocationPlaces.None;

    /// <summary>Encrypts the key; null: it is plain, protected by its mode alone.</summary>
    public string? Passphrase { get; init; }

    /// <summary>An authority that is in the folder may be replaced, with its key and index.</summary>
    public bool Force { get; init; }
}
