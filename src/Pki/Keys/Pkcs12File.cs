using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Crypto;
using TlsGateway.Pki.Certificates;

namespace TlsGateway.Pki.Keys;

/// <summary>A key with its chain as PKCS#12 (RFC 7292), for programs that take no PEM: AES-256-CBC with PBKDF2-HMAC-SHA-256.</summary>
public static class Pkcs12File
{
    /// <summary>As <see cref="PrivateKeyPem"/>: OWASP's figure for PBKDF2-HMAC-SHA-256.</summary>
    private const int Iterations = 600_000;

    /// <summary>The file's bytes.</summary>
    /// <param name="key">The leaf's key.</param>
    /// <param name="chain">Leaf first.</param>
    /// <param name="passphrase">Protects keys and integrity.</param>
    public static byte[] Write(AsymmetricKeyParameter key, IReadOnlyList<Org.BouncyCastle.X509.X509Certificate> chain, string passphrase)
    {
        // The host's writer takes a count of iterations; BouncyCastle's is fixed at 1024.
        X509Certificate2Collection all = [X509Certificate2.CreateFromPem(CertificatePem.Write(chain[0]), PrivateKeyPem.Write(key))];
        foreach (var authority in chain.Skip(1))
        {
            all.Add(X509CertificateLoader.LoadCertificate(authority.GetEncoded()));
        }
        try
        {
            return all.ExportPkcs12(new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, Iterations), passphrase);
        }
        finally
        {
            foreach (var certificate in all)
            {
                certificate.Dispose();
            }
        }
    }
}
