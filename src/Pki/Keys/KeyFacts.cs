using System.Security.Cryptography;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.X509;

namespace TlsGateway.Pki.Keys;

/// <summary>What may be said about a key: its kind and size, and the fingerprint of its public half.</summary>
public static class KeyFacts
{
    /// <summary>The kind that <see cref="PrivateKeys.Generate"/> would make the same; null when it makes none like it.</summary>
    public static KeyKind? KindOf(AsymmetricKeyParameter key) =>
        key switch
        {
            RsaKeyParameters rsa => rsa.Modulus.BitLength switch
            {
                2048 => KeyKind.Rsa2048,
                3072 => KeyKind.Rsa3072,
                4096 => KeyKind.Rsa4096,
                _ => null,
            },
            ECKeyParameters ec => ec.Parameters.N.BitLength switch
            {
                256 => KeyKind.EcdsaP256,
                384 => KeyKind.EcdsaP384,
                _ => null,
            },
            _ => null,
        };

    /// <summary>Such as "RSA 2048 bits" or "ECDSA P-256".</summary>
    public static string Describe(AsymmetricKeyParameter key) =>
        key switch
        {
            RsaKeyParameters rsa => $"RSA {rsa.Modulus.BitLength} bits",
            ECKeyParameters ec => $"ECDSA {Curve(ec)}",
            Ed25519PublicKeyParameters or Ed25519PrivateKeyParameters => "Ed25519",
            Ed448PublicKeyParameters or Ed448PrivateKeyParameters => "Ed448",
            X25519PublicKeyParameters or X25519PrivateKeyParameters => "X25519",
            DsaKeyParameters => "DSA",
            _ => key.GetType().Name,
        };

    /// <summary>What makes the key too weak for TLS today, or null. RSA below 2048 bits has under 112 bits of strength (NIST SP 800-57); DSA is in no browser.</summary>
    public static string? Weakness(AsymmetricKeyParameter key) =>
        key switch
        {
            RsaKeyParameters { Modulus.BitLength: < 2048 } rsa =>
                $"weak key: RSA with {rsa.Modulus.BitLength} bits; use 2048 or more, or ECDSA",
            ECKeyParameters { Parameters.N.BitLength: < 224 } ec => $"weak key: a curve of {ec.Parameters.N.BitLength} bits; use P-256",
            DsaKeyParameters => "weak key: no TLS client takes DSA; use ECDSA",
            _ => null,
        };

    /// <summary>SHA-256 of the SubjectPublicKeyInfo, hex: the same for a key, its certificate and its request.</summary>
    public static string Fingerprint(SubjectPublicKeyInfo publicKey) => Convert.ToHexString(SHA256.HashData(publicKey.GetDerEncoded()));

    /// <inheritdoc cref="Fingerprint(SubjectPublicKeyInfo)"/>
    public static string Fingerprint(AsymmetricKeyParameter publicKey) =>
        Fingerprint(SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(publicKey));

    /// <summary>Upper-case hex, two digits an octet.</summary>
    public static string Serial(BigInteger serial) => Convert.ToHexString(serial.ToByteArrayUnsigned());

    /// <summary>A time of a certificate or list: BouncyCastle gives UTC, whatever its kind says.</summary>
    public static DateTimeOffset Time(DateTime utc) => new(DateTime.SpecifyKind(utc, DateTimeKind.Utc), TimeSpan.Zero);

    private static string Curve(ECKeyParameters ec)
    {
        var name = ec.PublicKeyParamSet is { } oid
            ? Org.BouncyCastle.Asn1.Nist.NistNamedCurves.GetName(oid) ?? Org.BouncyCastle.Asn1.X9.ECNamedCurveTable.GetName(oid)
            : null;
        return name ?? $"{ec.Parameters.N.BitLength} bits";
    }
}
