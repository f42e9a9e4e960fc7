using System.Buffers.Binary;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>AES-GCM records (RFC 8446 §5.2, RFC 5288 §3) encoded into one buffer per thread: BouncyCastle copies them into its queue right away.</summary>
internal sealed class PooledAeadCipher : TlsAeadCipher
{
    private const int NonceBytes = 12;

    /// <summary>RFC 5246 §6.2.3.3: sequence number, type, version, length.</summary>
    private const int Tls12AdditionalBytes = 13;

    /// <summary>A record's plaintext, and more than header, explicit nonce, content type and tag.</summary>
    private const int OutputBytes = 16384 + 512;

    [ThreadStatic]
    private static byte[]? _output;

    private readonly AesGcmCipher _encrypt;

    public PooledAeadCipher(TlsCryptoParameters parameters, AesGcmCipher encrypt, AesGcmCipher decrypt, int keySize)
        : base(parameters, encrypt, decrypt, keySize, AesGcmCipher.TagBytes, AEAD_GCM)
    {
        _encrypt = encrypt;
    }

    public override TlsEncodeResult EncodePlaintext(
        long seqNo,
        short contentType,
        ProtocolVersion recordVersion,
        int headerAllocation,
        ReadOnlySpan<byte> plaintext
    )
    {
        byte[] output = _output ??= new byte[OutputBytes];
        Span<byte> nonce = stackalloc byte[NonceBytes];
        Span<byte> additional = stackalloc byte[Tls12AdditionalBytes];
        int inner = plaintext.Length + (m_isTlsV13 ? 1 : 0);
        int position = headerAllocation;
        if (m_isTlsV13)
        {
            BinaryPrimitives.WriteInt64BigEndian(nonce[4..], seqNo);
            for (int i = 0; i < NonceBytes; i++)
            {
                nonce[i] ^= m_encryptNonce[i];
            }
            additional = additional[..5];
            additional[0] = (byte)ContentType.application_data;
            additional[1] = additional[2] = 3;
            BinaryPrimitives.WriteUInt16BigEndian(additional[3..], (ushort)(inner + AesGcmCipher.TagBytes));
        }
        else
        {
            m_encryptNonce.CopyTo(nonce);
            BinaryPrimitives.WriteInt64BigEndian(nonce[4..], seqNo);
            nonce[4..].CopyTo(output.AsSpan(position));
            position += 8;
            BinaryPrimitives.WriteInt64BigEndian(additional, seqNo);
            additional[8] = (byte)contentType;
            additional[9] = additional[10] = 3;
            BinaryPrimitives.WriteUInt16BigEndian(additional[11..], (ushort)inner);
        }
        plaintext.CopyTo(output.AsSpan(position));
        if (m_isTlsV13)
        {
            output[position + plaintext.Length] = (byte)contentType;
        }
        _encrypt.Encrypt(nonce, additional, output.AsSpan(position, inner), output.AsSpan(position + inner, AesGcmCipher.TagBytes));
        short type = m_isTlsV13 ? ContentType.application_data : contentType;
        return new TlsEncodeResult(output, 0, position + inner + AesGcmCipher.TagBytes, type);
    }
}
