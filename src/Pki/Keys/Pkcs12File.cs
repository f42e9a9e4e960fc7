using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Pkcs;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Files;

namespace TlsGateway.Pki.Keys;

/// <summary>A key with its chain as PKCS#12 (RFC 7292), for programs that take no PEM: AES-256-CBC with PBKDF2-HMAC-SHA-256.</summary>
public static class Pkcs12File
{
    /// <summary>As <see cref="PrivateKeyPem"/>: OWASP's figure for PBKDF2-HMAC-SHA-256.</summary>
    private const int Iterations = 600_000;

    /// <summary>The one private key in a file and the certificates that go with it, leaf first.</summary>
    /// <param name="der">The file's bytes.</param>
    /// <param name="passphrase">Null: there is none.</param>
    /// <exception cref="PkiException">It is no PKCS#12, the passphrase is missing or wrong, or there is not exactly one key with a certificate. The message completes "which …".</exception>
    public static (AsymmetricKeyParameter Key, IReadOnlyList<Org.BouncyCastle.X509.X509Certificate> Chain) Read(
        byte[] der,
        string? passphrase
    )
    {
        Pkcs12Store store;
        try
        {
            store = Open(der, passphrase);
        }
        catch (Exception broken) when (Unreadable.IsExpected(broken))
        {
            throw new PkiException(
                passphrase is null
                    ? "which is no PKCS#12, or has a passphrase"
                    : "which cannot be opened: the passphrase is wrong, or it is no PKCS#12, or it is broken",
                broken
            );
        }
        var keys = store.Aliases.Where(store.IsKeyEntry).ToList();
        if (keys.Count != 1)
        {
            throw new PkiException($"which holds {keys.Count} private keys; one is wanted");
        }
        var chain = store.GetCertificateChain(keys[0]);
        return chain is { Length: > 0 }
            ? (store.GetKey(keys[0]).Key, [.. chain.Select(static entry => entry.Certificate)])
            : throw new PkiException("which holds a private key without its certificate");
    }

    /// <summary>What parsers throw is let through: see <see cref="Unreadable"/>.</summary>
    internal static Pkcs12Store Open(byte[] der, string? passphrase)
    {
        var store = new Pkcs12StoreBuilder().Build();
        using MemoryStream stream = new(der, writable: false);
        store.Load(stream, (passphrase ?? "").ToCharArray());
        return store;
    }

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
