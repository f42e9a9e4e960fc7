using System.Security.Cryptography;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>A secret from which the host derives others with SHA-256 and SHA-384: HKDF (RFC 5869) and the PRF of TLS 1.2 (RFC 5246 §5). BouncyCastle does the rest.</summary>
internal class HostSecret(HostCrypto crypto, byte[] data) : AbstractTlsSecret(data)
{
    private const int MaxHashBytes = 48;

    protected override AbstractTlsCrypto Crypto => crypto;

    public override byte[] CalculateHmac(int cryptoHashAlgorithm, byte[] buf, int off, int len)
    {
        CheckAlive();
        if (!HostHash.Supports(cryptoHashAlgorithm))
        {
            return base.CalculateHmac(cryptoHashAlgorithm, buf, off, len);
        }
        byte[] mac = new byte[TlsCryptoUtilities.GetHashOutputSize(cryptoHashAlgorithm)];
        Mac(cryptoHashAlgorithm, buf.AsSpan(off, len), mac);
        return mac;
    }

    public override TlsSecret HkdfExpand(int cryptoHashAlgorithm, byte[] info, int length) =>
        HkdfExpand(cryptoHashAlgorithm, info.AsSpan(), length);

    public override TlsSecret HkdfExpand(int cryptoHashAlgorithm, ReadOnlySpan<byte> info, int length)
    {
        CheckAlive();
        if (!HostHash.Supports(cryptoHashAlgorithm))
        {
            return Managed().HkdfExpand(cryptoHashAlgorithm, info, length);
        }
        byte[] output = new byte[length];
        if (length > 0)
        {
            HKDF.Expand(NameOf(cryptoHashAlgorithm), m_data, output, info);
        }
        return new HostSecret(crypto, output);
    }

    /// <summary>This secret is the salt, and is spent.</summary>
    public override TlsSecret HkdfExtract(int cryptoHashAlgorithm, TlsSecret ikm)
    {
        CheckAlive();
        if (!HostHash.Supports(cryptoHashAlgorithm))
        {
            return Managed().HkdfExtract(cryptoHashAlgorithm, ikm);
        }
        byte[] input = ikm is AbstractTlsSecret local ? CopyData(local) : ikm.Extract();
        byte[] salt = Extract();
        byte[] extracted = HKDF.Extract(NameOf(cryptoHashAlgorithm), input, salt);
        CryptographicOperations.ZeroMemory(input);
        CryptographicOperations.ZeroMemory(salt);
        return ikm is ResumptionSecret ? new ResumedEarlySecret(crypto, extracted) : new HostSecret(crypto, extracted);
    }

    public override TlsSecret DeriveUsingPrf(int prfAlgorithm, string label, byte[] seed, int length) =>
        DeriveUsingPrf(prfAlgorithm, label.AsSpan(), seed, length);

    public override TlsSecret DeriveUsingPrf(int prfAlgorithm, ReadOnlySpan<char> label, ReadOnlySpan<byte> seed, int length)
    {
        CheckAlive();
        return prfAlgorithm switch
        {
            PrfAlgorithm.tls_prf_sha256 => Prf(CryptoHashAlgorithm.sha256, label, seed, length),
            PrfAlgorithm.tls_prf_sha384 => Prf(CryptoHashAlgorithm.sha384, label, seed, length),
            PrfAlgorithm.tls13_hkdf_sha256 => TlsCryptoUtilities.HkdfExpandLabel(this, CryptoHashAlgorithm.sha256, label, seed, length),
            PrfAlgorithm.tls13_hkdf_sha384 => TlsCryptoUtilities.HkdfExpandLabel(this, CryptoHashAlgorithm.sha384, label, seed, length),
            _ => Managed().DeriveUsingPrf(prfAlgorithm, label, seed, length),
        };
    }

    private BcTlsSecret Managed() => new(crypto, CopyData(this));

    /// <summary>P_hash of RFC 5246 §5: A(i) = HMAC(A(i-1)), output = HMAC(A(i) + label + seed), from one buffer that holds A(i), label and seed.</summary>
    private HostSecret Prf(int hash, ReadOnlySpan<char> label, ReadOnlySpan<byte> seed, int length)
    {
        int hashBytes = TlsCryptoUtilities.GetHashOutputSize(hash);
        byte[] round = new byte[hashBytes + label.Length + seed.Length];
        Span<byte> labelAndSeed = round.AsSpan(hashBytes);
        for (int i = 0; i < label.Length; i++)
        {
            labelAndSeed[i] = (byte)label[i];
        }
        seed.CopyTo(labelAndSeed[label.Length..]);
        Span<byte> a = round.AsSpan(0, hashBytes);
        Span<byte> mac = stackalloc byte[MaxHashBytes];
        mac = mac[..hashBytes];
        byte[] output = new byte[length];
        ReadOnlySpan<byte> last = labelAndSeed;
        for (int done = 0; done < length; done += hashBytes)
        {
            Mac(hash, last, mac);
            mac.CopyTo(a);
            last = a;
            Mac(hash, round, mac);
            mac[..Math.Min(hashBytes, length - done)].CopyTo(output.AsSpan(done));
        }
        return new HostSecret(crypto, output);
    }

    private void Mac(int hash, ReadOnlySpan<byte> input, Span<byte> mac) =>
        _ = hash == CryptoHashAlgorithm.sha384 ? HMACSHA384.HashData(m_data, input, mac) : HMACSHA256.HashData(m_data, input, mac);

    private static HashAlgorithmName NameOf(int hash) =>
        hash == CryptoHashAlgorithm.sha384 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;
}

/// <summary>A ticket's pre-shared key: what is extracted from it is a <see cref="ResumedEarlySecret"/>.</summary>
internal sealed class ResumptionSecret(HostCrypto crypto, byte[] data) : HostSecret(crypto, data);

/// <summary>The early secret of a resumed session. BouncyCastle takes every pre-shared key for an external one; a binder's label says which it is (RFC 8446 §7.1).</summary>
internal sealed class ResumedEarlySecret(HostCrypto crypto, byte[] data) : HostSecret(crypto, data)
{
    // HkdfLabel (RFC 8446 §7.1): length (2 bytes), length of the label (1 byte), label.
    private const int LabelAt = 3;

    private static ReadOnlySpan<byte> ExternalBinder => "tls13 ext binder"u8;
    private static ReadOnlySpan<byte> ResumptionBinder => "tls13 res binder"u8;

    public override TlsSecret HkdfExpand(int cryptoHashAlgorithm, ReadOnlySpan<byte> info, int length)
    {
        if (info.Length <= LabelAt + ExternalBinder.Length || !info[LabelAt..].StartsWith(ExternalBinder))
        {
            return base.HkdfExpand(cryptoHashAlgorithm, info, length);
        }
        byte[] resumption = info.ToArray();
        ResumptionBinder.CopyTo(resumption.AsSpan(LabelAt));
        return base.HkdfExpand(cryptoHashAlgorithm, resumption, length);
    }
}
