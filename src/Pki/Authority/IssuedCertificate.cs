using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.X509;

namespace TlsGateway.Pki.Authority;

/// <summary>What was issued and where it is.</summary>
/// <param name="Entry">Its line of the index.</param>
/// <param name="Certificate">The leaf.</param>
/// <param name="Chain">The authorities between it and the root, nearest first, without the root.</param>
/// <param name="Key">Null when an existing key was kept.</param>
/// <param name="CertificateFile">Leaf and chain, PEM.</param>
/// <param name="KeyFile">PKCS#8 PEM.</param>
public sealed record IssuedCertificate(
    IndexEntry Entry,
    X509Certificate Certificate,
    IReadOnlyList<X509Certificate> Chain,
    AsymmetricKeyParameter? Key,
    string CertificateFile,
    string KeyFile
)
{
    public override string ToString() => $"IssuedCertificate({Entry.Serial})";
}
