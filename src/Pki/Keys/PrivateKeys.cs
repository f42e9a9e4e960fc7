using System.Security.Cryptography;
using Org.BouncyCastle.Asn1.Pkcs;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Operators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace TlsGateway.Pki.Keys;

/// <summary>Makes private keys and says what follows from one: its public half and the signature algorithm that fits its strength.</summary>
public static class PrivateKeys
{
    /// <summary>RSA keys from here on sign with SHA-384: their strength passes 128 bits (NIST SP 800-57 part 1, table 2).</summary>
    private const int LongRsaBits = 4096;

    /// <summary>A new key. The host's library makes it: managed generation of long RSA keys takes seconds.</summary>
    public static AsymmetricKeyParameter Generate(KeyKind kind)
    {
        using AsymmetricAlgorithm key = kind switch
        {
            KeyKind.EcdsaP256 => ECDsa.Create(ECCurve.NamedCurves.nistP256),
            KeyKind.EcdsaP384 => ECDsa.Create(ECCurve.NamedCurves.nistP384),
            KeyKind.Rsa2048 => RSA.Create(2048),
            KeyKind.Rsa3072 => RSA.Create(3072),
            KeyKind.Rsa4096 => RSA.Create(4096),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null),
        };
        var pkcs8 = key.ExportPkcs8PrivateKey();
        try
        {
            return PrivateKeyFactory.CreateKey(pkcs8);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    /// <summary>The public half.</summary>
    /// <exception cref="PkiException">The key is of a kind that certificates here do not use.</exception>
    public static AsymmetricKeyParameter PublicOf(AsymmetricKeyParameter key) =>
        key switch
        {
            RsaPrivateCrtKeyParameters rsa => new RsaKeyParameters(isPrivate: false, rsa.Modulus, rsa.PublicExponent),
            ECPrivateKeyParameters { PublicKeyParamSet: not null } ec => new ECPublicKeyParameters(
                ec.AlgorithmName,
                ec.Parameters.G.Multiply(ec.D),
                ec.PublicKeyParamSet
            ),
            ECPrivateKeyParameters ec => new ECPublicKeyParameters(ec.AlgorithmName, ec.Parameters.G.Multiply(ec.D), ec.Parameters),
            Ed25519PrivateKeyParameters ed25519 => ed25519.GeneratePublicKey(),
            Ed448PrivateKeyParameters ed448 => ed448.GeneratePublicKey(),
            _ => throw new PkiException("The private key is of a kind that is not supported. Use ECDSA, RSA or Ed25519."),
        };

    /// <summary>The two are one pair.</summary>
    public static bool Match(AsymmetricKeyParameter privateKey, X509Certificate certificate) =>
        SubjectPublicKeyInfoFactory
            .CreateSubjectPublicKeyInfo(PublicOf(privateKey))
            .GetEncoded()
            .AsSpan()
            .SequenceEqual(certificate.SubjectPublicKeyInfo.GetEncoded()) || PublicOf(privateKey).Equals(certificate.GetPublicKey());

    /// <summary>Signs with the hash that fits the key: SHA-384 for P-384 and RSA from 4096 bits on, else SHA-256.</summary>
    public static ISignatureFactory Signer(AsymmetricKeyParameter key) =>
        new Asn1SignatureFactory(SignatureAlgorithm(key), key, new SecureRandom());

    internal static string SignatureAlgorithm(AsymmetricKeyParameter key) =>
        key switch
        {
            ECKeyParameters ec => ec.Parameters.N.BitLength > 256 ? "SHA384withECDSA" : "SHA256withECDSA",
            RsaKeyParameters rsa => rsa.Modulus.BitLength >= LongRsaBits ? "SHA384withRSA" : "SHA256withRSA",
            Ed25519PrivateKeyParameters => "Ed25519",
            Ed448PrivateKeyParameters => "Ed448",
            _ => throw new PkiException("The private key is of a kind that cannot sign. Use ECDSA, RSA or Ed25519."),
        };
}
