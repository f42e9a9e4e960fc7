using System.Buffers.Binary;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Agreement;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Utilities;

namespace TlsGateway.Pki.Sealing;

/// <summary>
/// Ephemeral-static ECDH for CMS (RFC 5753): X9.63 KDF and AES key wrap. BouncyCastle's own puts a NULL into the key info that it leaves out of the message, so that its
/// keys and OpenSSL's differ.
/// </summary>
internal static class KeyAgreement
{
    /// <summary>dhSinglePass-stdDH-sha256kdf-scheme.</summary>
    public static readonly DerObjectIdentifier Sha256Scheme = new("1.3.132.1.11.1");

    /// <summary>id-aes256-wrap, without parameters (RFC 3565 §2.3.2).</summary>
    public static readonly AlgorithmIdentifier Aes256Wrap = new(new DerObjectIdentifier("2.16.840.1.101.3.4.1.45"));

    /// <summary>Encrypts a content key with what both sides can compute.</summary>
    public static byte[] Wrap(byte[] contentKey, ECPrivateKeyParameters ephemeral, ECPublicKeyParameters recipient)
    {
        AesWrapEngine engine = new();
        engine.Init(forWrapping: true, KeyEncryptionKey(ephemeral, recipient, Sha256Scheme, Aes256Wrap, material: null));
        return engine.Wrap(contentKey, 0, contentKey.Length);
    }

    /// <summary>Decrypts one.</summary>
    /// <param name="wrapped">The encrypted key.</param>
    /// <param name="key">The recipient's.</param>
    /// <param name="originator">The sender's ephemeral point, as in the message.</param>
    /// <param name="scheme">The key encryption algorithm: scheme, with the wrap algorithm as parameter.</param>
    /// <param name="material">ukm of the message, or null.</param>
    public static byte[] Unwrap(
        byte[] wrapped,
        ECPrivateKeyParameters key,
        byte[] originator,
        AlgorithmIdentifier scheme,
        Asn1OctetString? material
    )
    {
        // Decoding checks that the point is on the recipient's curve: else the answer would leak the key (an invalid curve attack).
        ECPublicKeyParameters peer = new(key.AlgorithmName, key.Parameters.Curve.DecodePoint(originator), key.Parameters);
        AesWrapEngine engine = new();
        var wrap = AlgorithmIdentifier.GetInstance(scheme.Parameters);
        engine.Init(forWrapping: false, KeyEncryptionKey(key, peer, scheme.Algorithm, wrap, material));
        return engine.Unwrap(wrapped, 0, wrapped.Length);
    }

    private static KeyParameter KeyEncryptionKey(
        ECPrivateKeyParameters own,
        ECPublicKeyParameters peer,
        DerObjectIdentifier scheme,
        AlgorithmIdentifier wrap,
        Asn1OctetString? material
    )
    {
        ECDHBasicAgreement agreement = new();
        agreement.Init(own);
        var shared = BigIntegers.AsUnsignedByteArray(agreement.GetFieldSize(), agreement.CalculateAgreement(peer));
        var keyBytes = WrapKeyBytes(wrap.Algorithm.Id);
        var digest = DigestUtilities.GetDigest(DigestOf(scheme.Id));
        return new KeyParameter(Derive(digest, shared, SharedInfo(wrap, material, keyBytes), keyBytes));
    }

    /// <summary>RFC 5753 §7.2: ECC-CMS-SharedInfo.</summary>
    private static byte[] SharedInfo(AlgorithmIdentifier wrap, Asn1OctetString? material, int keyBytes)
    {
        var bits = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bits, keyBytes * 8);
        Asn1EncodableVector parts = [wrap];
        if (material is not null)
        {
            parts.Add(new DerTaggedObject(isExplicit: true, tagNo: 0, material));
        }
        parts.Add(new DerTaggedObject(isExplicit: true, tagNo: 2, new DerOctetString(bits)));
        return new DerSequence(parts).GetDerEncoded();
    }

    /// <summary>SEC 1 §3.6.1, the X9.63 key derivation function.</summary>
    private static byte[] Derive(IDigest digest, byte[] shared, byte[] info, int length)
    {
        List<byte> output = [];
        var block = new byte[digest.GetDigestSize()];
        var counter = new byte[4];
        for (var number = 1; output.Count < length; number++)
        {
            BinaryPrimitives.WriteInt32BigEndian(counter, number);
            digest.BlockUpdate(shared, 0, shared.Length);
            digest.BlockUpdate(counter, 0, counter.Length);
            digest.BlockUpdate(info, 0, info.Length);
            digest.DoFinal(block, 0);
            output.AddRange(block);
        }
        return [.. output[..length]];
    }

    private static string DigestOf(string scheme) =>
        scheme switch
        {
            "1.3.133.16.840.63.0.2" => "SHA-1",
            "1.3.132.1.11.0" => "SHA-224",
            "1.3.132.1.11.1" => "SHA-256",
            "1.3.132.1.11.2" => "SHA-384",
            "1.3.132.1.11.3" => "SHA-512",
            _ => throw new InvalidDataException($"key agreement {scheme} is not supported"),
        };

    private static int WrapKeyBytes(string wrap) =>
        wrap switch
        {
            "2.16.840.1.101.3.4.1.5" => 16,
            "2.16.840.1.101.3.4.1.25" => 24,
            "2.16.840.1.101.3.4.1.45" => 32,
            _ => throw new InvalidDataException($"key wrap {wrap} is not supported"),
        };
}
