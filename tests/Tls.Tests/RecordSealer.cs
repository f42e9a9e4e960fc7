using System.Buffers.Binary;
using System.Security.Cryptography;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;

namespace TlsGateway.Tls.Tests;

/// <summary>
/// Protects records as a TLS 1.3 client with TLS_AES_128_GCM_SHA256 does (RFC 8446 §5.2, §5.3, §7.3), of any type, padding and length: what no library sends. HKDF is
/// BouncyCastle's and AES-GCM is .NET's, so that nothing here is the code under test.
/// </summary>
internal sealed class RecordSealer
{
    private const int HeaderBytes = 5;
    private const int KeyBytes = 16;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int SecretBytes = 32;

    private TlsSecret _secret;
    private byte[] _key;
    private byte[] _iv;
    private ulong _sequence;

    /// <param name="secret">client_application_traffic_secret_0; no record was sent under it yet.</param>
    public RecordSealer(TlsSecret secret)
    {
        _secret = secret;
        _key = Expand("key", KeyBytes);
        _iv = Expand("iv", NonceBytes);
    }

    /// <summary>A record with <paramref name="padding"/> zeros after the content type.</summary>
    public byte[] Seal(short type, ReadOnlySpan<byte> content, int padding = 0) =>
        SealInner([.. content, (byte)type, .. new byte[padding]]);

    /// <summary>A record with any TLSInnerPlaintext, well formed or not.</summary>
    public byte[] SealInner(byte[] inner)
    {
        byte[] record = new byte[HeaderBytes + inner.Length + TagBytes];
        Span<byte> header = record.AsSpan(0, HeaderBytes);
        header[0] = (byte)ContentType.application_data;
        BinaryPrimitives.WriteUInt16BigEndian(header[1..], 0x0303);
        BinaryPrimitives.WriteUInt16BigEndian(header[3..], (ushort)(inner.Length + TagBytes));
        byte[] nonce = [.. _iv];
        Span<byte> last = nonce.AsSpan(NonceBytes - sizeof(ulong));
        BinaryPrimitives.WriteUInt64BigEndian(last, BinaryPrimitives.ReadUInt64BigEndian(last) ^ _sequence++);
        using AesGcm aead = new(_key, TagBytes);
        aead.Encrypt(nonce, inner, record.AsSpan(HeaderBytes, inner.Length), record.AsSpan(HeaderBytes + inner.Length), header);
        return record;
    }

    /// <summary>Goes to the next generation of the key (RFC 8446 §7.2), as the sender of a KeyUpdate does behind it.</summary>
    public void Renew()
    {
        _secret = TlsCryptoUtilities.HkdfExpandLabel(_secret, CryptoHashAlgorithm.sha256, "traffic upd", Array.Empty<byte>(), SecretBytes);
        _key = Expand("key", KeyBytes);
        _iv = Expand("iv", NonceBytes);
        _sequence = 0;
    }

    private byte[] Expand(string label, int length) =>
        TlsCryptoUtilities.HkdfExpandLabel(_secret, CryptoHashAlgorithm.sha256, label, Array.Empty<byte>(), length).Extract();
}
