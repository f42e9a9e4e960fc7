using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.OpenSsl;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Reads a certificate chain and its key from PEM files and checks that they belong together.</summary>
internal static class CertificateFiles
{
    /// <summary>A chain is a few KiB; more is the wrong file.</summary>
    public const int MaxFileBytes = 1024 * 1024;

    /// <summary>Reads one file. On null, <paramref name="problem"/> completes "key is 'path', …".</summary>
    public static byte[]? ReadBytes(string path, out string problem, int maxBytes = MaxFileBytes)
    {
        problem = "";
        try
        {
            FileInfo file = new(path);
            if (file.Length > maxBytes)
            {
                problem = $"which has {file.Length} bytes; such a file has at most {maxBytes}";
                return null;
            }
            return File.ReadAllBytes(path);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            problem = failed switch
            {
                FileNotFoundException or DirectoryNotFoundException when Directory.Exists(path) => $"which is a folder ({path})",
                FileNotFoundException or DirectoryNotFoundException => $"which does not exist ({path})",
                UnauthorizedAccessException => $"which this user may not read ({path})",
                _ => $"which cannot be read ({failed.Message})",
            };
            return null;
        }
    }

    /// <summary>The certificates of a chain, leaf first; null with a problem when there is none, or one is broken.</summary>
    public static X509Certificate2Collection? ParseChain(string pem, out string problem)
    {
        X509Certificate2Collection chain = [];
        try
        {
            chain.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            problem = "which holds a broken certificate. Write the file again, BEGIN and END lines included";
            return null;
        }
        problem =
            chain.Count > 0
                ? ""
                : "which holds no PEM certificate (-----BEGIN CERTIFICATE-----). Convert it: openssl x509 -in file -out chain.pem";
        return chain.Count > 0 ? chain : null;
    }

    /// <summary>Whether the file's key has a passphrase: PKCS#8 has a label for it, the older formats a header (RFC 1421 §4.6.1.1).</summary>
    public static bool IsEncrypted(string pem) =>
        pem.Contains("BEGIN ENCRYPTED PRIVATE KEY", StringComparison.Ordinal)
        || pem.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal);

    /// <summary>The public half of the file's private key; null with a problem when there is none, or it is encrypted or broken.</summary>
    public static AsymmetricKeyParameter? ParsePublicKey(string pem, out string problem)
    {
        problem = "which holds no PEM private key (-----BEGIN PRIVATE KEY-----)";
        if (IsEncrypted(pem))
        {
            problem = "which is encrypted. Name its passphrase: passphraseFile or passphraseEnvironment beside it";
            return null;
        }
        try
        {
            using StringReader text = new(pem);
            using PemReader reader = new(text);
            while (reader.ReadObject() is { } item)
            {
                switch (item)
                {
                    case AsymmetricCipherKeyPair pair:
                        return pair.Public;
                    case AsymmetricKeyParameter { IsPrivate: true } key:
                        return DerivePublicKey(key, out problem);
                }
            }
            return null;
        }
        catch (Exception broken)
            when (broken is IOException or CryptoException or GeneralSecurityException or ArgumentException or InvalidCastException)
        {
            problem = "which holds a broken private key. Write the file again, BEGIN and END lines included";
            return null;
        }
    }

    /// <summary>Whether the certificate was issued for this key.</summary>
    public static bool Matches(X509Certificate2 leaf, AsymmetricKeyParameter publicKey) =>
        leaf.PublicKey.ExportSubjectPublicKeyInfo()
            .AsSpan()
            .SequenceEqual(SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(publicKey).GetEncoded())
        || new X509CertificateParser().ReadCertificate(leaf.RawData).GetPublicKey().Equals(publicKey);

    private static AsymmetricKeyParameter? DerivePublicKey(AsymmetricKeyParameter key, out string problem)
    {
        problem = "";
        switch (key)
        {
            case RsaPrivateCrtKeyParameters rsa:
                return new RsaKeyParameters(isPrivate: false, rsa.Modulus, rsa.PublicExponent);
            case ECPrivateKeyParameters ec:
                return new ECPublicKeyParameters(
                    ec.AlgorithmName,
                    ec.Parameters.G.Multiply(ec.D),
                    ec.PublicKeyParamSet ?? throw new ArgumentException("curve")
                );
            case Ed25519PrivateKeyParameters ed25519:
                return ed25519.GeneratePublicKey();
            case Ed448PrivateKeyParameters ed448:
                return ed448.GeneratePublicKey();
            default:
                problem =
                    $"which holds a key of a kind that TLS certificates do not use ({key.GetType().Name.Replace("PrivateKeyParameters", "", StringComparison.Ordinal)}). Use ECDSA, RSA or Ed25519";
                return null;
        }
    }
}
