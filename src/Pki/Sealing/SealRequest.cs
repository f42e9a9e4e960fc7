using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.X509;

namespace TlsGateway.Pki.Sealing;

/// <summary>For whom a file is sealed, and by whom it is signed.</summary>
public sealed record SealRequest
{
    /// <summary>At least one; each can open the file on its own.</summary>
    public required IReadOnlyList<X509Certificate> Recipients { get; init; }

    /// <summary>Signer first, then intermediates that verifiers may lack; empty: it is not signed.</summary>
    public IReadOnlyList<X509Certificate> Signer { get; init; } = [];

    /// <summary>The signer's key.</summary>
    public AsymmetricKeyParameter? SignerKey { get; init; }

    public SealFormat Format { get; init; }

    /// <summary>Transport keys to RSA recipients by PKCS#1 v1.5, for programs that know no OAEP, such as <c>openssl smime</c>.</summary>
    public bool UsesPkcs1Padding { get; init; }

    public override string ToString() => $"SealRequest({Recipients.Count})";
}
