using System.Security.Cryptography;
using Org.BouncyCastle.Asn1.Nist;
using Org.BouncyCastle.Asn1.Pkcs;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.OpenSsl;
using Org.BouncyCastle.Pkcs;
using Org.BouncyCastle.Security;
using TlsGateway.Pki.Files;

namespace TlsGateway.Pki.Keys;

/// <summary>Private keys as PEM text: PKCS#8, plain or encrypted (AES-256-CBC, PBKDF2 with HMAC-SHA-256); reads PKCS#1 and SEC1 too.</summary>
public static class PrivateKeyPem
{
    /// <summary>OWASP's figure for PBKDF2-HMAC-SHA-256 (Password Storage Cheat Sheet, 2023).</summary>
    private const int Iterations = 600_000;

    private const int SaltBytes = 16;

    /// <summary>PKCS#8 text.</summary>
    /// <param name="key">The key.</param>
    /// <param name="passphrase">Encrypts it; null writes it plainly.</param>
    public static string Write(AsymmetricKeyParameter key, string? passphrase = null)
    {
        if (passphrase is null)
        {
            return PemEncoding.WriteString("PRIVATE KEY", PrivateKeyInfoFactory.CreatePrivateKeyInfo(key).GetDerEncoded()) + "\n";
        }
        var encrypted = EncryptedPrivateKeyInfoFactory.CreateEncryptedPrivateKeyInfo(
            NistObjectIdentifiers.IdAes256Cbc,
            PkcsObjectIdentifiers.IdHmacWithSha256,
            passphrase.ToCharArray(),
            RandomNumberGenerator.GetBytes(SaltBytes),
            Iterations,
            new SecureRandom(),
            key
        );
        return PemEncoding.WriteString("ENCRYPTED PRIVATE KEY", encrypted.GetDerEncoded()) + "\n";
    }

    /// <summary>The first private key of a PEM file.</summary>
    /// <exception cref="PkiException">There is none, it is broken, or the passphrase is missing or wrong.</exception>
    public static AsymmetricKeyParameter ReadFile(string file, string? passphrase) => Read(PrivateFiles.ReadText(file), passphrase, file);

    /// <summary>As <see cref="ReadFile"/>, from text.</summary>
    /// <param name="pem">The text.</param>
    /// <param name="passphrase">For an encrypted key; null when there is none.</param>
    /// <param name="name">What messages call it.</param>
    public static AsymmetricKeyParameter Read(string pem, string? passphrase, string name)
    {
        try
        {
            using StringReader text = new(pem);
            using PemReader reader = new(text, new Passphrase(passphrase));
            while (reader.ReadObject() is { } item)
            {
                switch (item)
                {
                    case AsymmetricCipherKeyPair pair:
                        return pair.Private;
                    case AsymmetricKeyParameter { IsPrivate: true } key:
                        return key;
                }
            }
        }
        catch (Exception broken) when (Unreadable.IsExpected(broken))
        {
            var isEncrypted = pem.Contains("ENCRYPTED", StringComparison.Ordinal);
            throw new PkiException(
                !isEncrypted ? $"The private key in {name} is broken. Write the file again, BEGIN and END lines included."
                    : passphrase is null
                        ? $"The private key in {name} is encrypted. Give its passphrase: --passphrase-file or --passphrase-env (for another key than the command's own, see --help)."
                    : $"The private key in {name} cannot be decrypted: the passphrase is wrong, or the file is broken.",
                broken
            );
        }
        throw new PkiException($"{name} holds no PEM private key (-----BEGIN PRIVATE KEY-----). Name the file of the key.");
    }

    private sealed class Passphrase(string? passphrase) : IPasswordFinder
    {
        /// <summary>Null makes the reader throw, where it is told what is missing.</summary>
        public char[]? GetPassword() => passphrase?.ToCharArray();
    }
}
