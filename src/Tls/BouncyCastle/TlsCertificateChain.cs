using System.Security.Cryptography.X509Certificates;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>A chain as BouncyCastle wants it, and the host names of its leaf.</summary>
internal sealed record TlsCertificateChain(Org.BouncyCastle.Tls.Crypto.TlsCertificate[] Certificates, IReadOnlyList<string> Names)
{
    public static TlsCertificateChain Of(X509Certificate2Collection chain) =>
        new([.. chain.Select(each => HostCrypto.Shared.CreateCertificate(each.RawData))], NamesOf(chain[0]));

    private static List<string> NamesOf(X509Certificate2 leaf)
    {
        X509SubjectAlternativeNameExtension? names = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        return names is null ? [] : [.. names.EnumerateDnsNames()];
    }
}
