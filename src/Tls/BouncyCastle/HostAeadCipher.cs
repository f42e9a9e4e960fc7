using System.Buffers.Binary;
using System.Security.Cryptography;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>
/// Records under AES-GCM (RFC 8446 §5.2, RFC 5288 §3) and ChaCha20-Poly1305 (RFC 7905 §2), without an allocation: decrypted where they are, and encrypted into one buffer per
/// thread, which BouncyCastle copies into its queue right away.
/// </summary>
internal sealed class HostAeadCipher(TlsCryptoParameters parameters, HostAead encrypt, HostAead decrypt, int keySize, int aeadType)
    : TlsAeadCipher(parameters, encrypt, decrypt, keySize, HostAead.TagBytes, aeadType)
{
    /// <summary>RFC 5246 §6.2.3.3: sequence number, type, version, length.</summary>
    private const int Tls12AdditionalBytes = 13;

    /// <summary>RFC 8446 §5.2: the record's header.</summary>
    private const int Tls13AdditionalBytes = 5;

    /// <summary>A record's plaintext, and more than header, explicit nonce, content type and tag.</summary>
    private const int OutputBytes = 16384 + 512;

    [ThreadStatic]
    private static byte[]? _output;

    public override TlsEncodeResult EncodePlaintext(
        long seqNo,
        short contentType,
        ProtocolVersion recordVersion,
        int headerAllocation,
        ReadOnlySpan<byte> plaintext
    )
    {
        byte[] output = _output ??= new byte[OutputBytes];
        Span<byte> nonce = stackalloc byte[HostAead.NonceBytes];
        Span<byte> explicitNonce = output.AsSpan(headerAllocation, m_record_iv_length);
        // RFC 5288 §3: the explicit part may be the sequence number.
        BinaryPrimitives.WriteInt64BigEndian(nonce[(HostAead.NonceBytes - sizeof(long))..], seqNo);
        nonce[(HostAead.NonceBytes - m_record_iv_length)..].CopyTo(explicitNonce);
        AddFixed(nonce, m_encryptNonce);
        int start = headerAllocation + m_record_iv_length;
        int inner = plaintext.Length;
        plaintext.CopyTo(output.AsSpan(start));
        if (m_isTlsV13)
        {
            output[start + inner++] = (byte)contentType;
        }
        Span<byte> additional = stackalloc byte[Tls12AdditionalBytes];
        short type = m_isTlsV13 ? ContentType.application_data : contentType;
        additional = Additional(additional, seqNo, type, recordVersion, inner);
        encrypt.Encrypt(nonce, additional, output.AsSpan(start, inner), output.AsSpan(start + inner, HostAead.TagBytes));
        return new TlsEncodeResult(output, 0, start + inner + HostAead.TagBytes, type);
    }

    public override TlsDecodeResult DecodeCiphertext(
        long seqNo,
        short recordType,
        ProtocolVersion recordVersion,
        byte[] ciphertext,
        int ciphertextOffset,
        int ciphertextLength
    )
    {
        if (GetPlaintextDecodeLimit(ciphertextLength) < 0)
        {
            throw new TlsFatalAlert(AlertDescription.decode_error);
        }
        Span<byte> record = ciphertext.AsSpan(ciphertextOffset, ciphertextLength);
        Span<byte> nonce = stackalloc byte[HostAead.NonceBytes];
        if (m_record_iv_length > 0)
        {
            record[..m_record_iv_length].CopyTo(nonce[(HostAead.NonceBytes - m_record_iv_length)..]);
        }
        else
        {
            BinaryPrimitives.WriteInt64BigEndian(nonce[(HostAead.NonceBytes - sizeof(long))..], seqNo);
        }
        AddFixed(nonce, m_decryptNonce);
        Span<byte> data = record[m_record_iv_length..^HostAead.TagBytes];
        Span<byte> additional = stackalloc byte[Tls12AdditionalBytes];
        additional = Additional(additional, seqNo, recordType, recordVersion, data.Length);
        try
        {
            decrypt.Decrypt(nonce, additional, data, record[^HostAead.TagBytes..]);
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new TlsFatalAlert(AlertDescription.bad_record_mac, e);
        }
        int length = data.Length;
        if (m_isTlsV13)
        {
            // Padding, then the type (RFC 8446 §5.4).
            length = data.LastIndexOfAnyExcept((byte)0);
            if (length < 0)
            {
                throw new TlsFatalAlert(AlertDescription.unexpected_message);
            }
            recordType = data[length];
        }
        return new TlsDecodeResult(ciphertext, ciphertextOffset + m_record_iv_length, length, recordType);
    }

    /// <summary>The fixed part of a nonce: xor, where the rest is the sequence number (12 bytes), or in front of the explicit part (4 bytes).</summary>
    private static void AddFixed(Span<byte> nonce, ReadOnlySpan<byte> part)
    {
        for (int i = 0; i < part.Length; i++)
        {
            nonce[i] ^= part[i];
        }
    }

    private Span<byte> Additional(Span<byte> room, long seqNo, short type, ProtocolVersion version, int inner)
    {
        Span<byte> header = room[..Tls13AdditionalBytes];
        if (!m_isTlsV13)
        {
            BinaryPrimitives.WriteInt64BigEndian(room, seqNo);
            header = room[sizeof(long)..];
        }
        header[0] = (byte)type;
        header[1] = (byte)version.MajorVersion;
        header[2] = (byte)version.MinorVersion;
        BinaryPrimitives.WriteUInt16BigEndian(header[3..], (ushort)(m_isTlsV13 ? inner + HostAead.TagBytes : inner));
        return m_isTlsV13 ? header : room;
    }
}
