using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// The key block of a TLS 1.2 session with an AEAD suite (RFC 5246 §6.3), kept in native memory for the one record that libssl has no call for: a fatal alert of the caller's choice. Cleared when the session ends.
/// </summary>
internal unsafe struct KeyBlock
{
    /// <summary>Header, explicit nonce, alert, tag.</summary>
    public const int MaxRecordBytes = HeaderBytes + ExplicitNonceBytes + AlertBytes + TagBytes;

    private const int HeaderBytes = 5;
    private const int ExplicitNonceBytes = 8;
    private const int NonceBytes = 12;
    private const int AlertBytes = 2;
    private const int TagBytes = 16;
    private const byte AlertType = 21;
    private const byte Fatal = 2;

    /// <summary>Two keys of 32 bytes and two nonces of 12; a longer block is one with MAC keys.</summary>
    private const int MaxBytes = 88;

    private byte* _bytes;
    private int _length;

    private readonly ReadOnlySpan<byte> Bytes => new(_bytes, _length);

    /// <summary>Keeps a copy, in place of an earlier one.</summary>
    public void Take(ReadOnlySpan<byte> block)
    {
        Clear();
        if (block.Length <= MaxBytes)
        {
            _bytes = (byte*)NativeMemory.Alloc((nuint)block.Length);
            _length = block.Length;
            block.CopyTo(new Span<byte>(_bytes, _length));
        }
    }

    public void Clear()
    {
        if (_bytes != null)
        {
            CryptographicOperations.ZeroMemory(new Span<byte>(_bytes, _length));
            NativeMemory.Free(_bytes);
            _bytes = null;
            _length = 0;
        }
    }

    /// <summary>Makes the record of a fatal alert.</summary>
    /// <param name="suite">Of the session, its two bytes.</param>
    /// <param name="isServer">Whose key is written with.</param>
    /// <param name="sequence">Records sent with that key so far.</param>
    /// <param name="alert">AlertDescription.</param>
    /// <param name="record">Gets it; of <see cref="MaxRecordBytes"/>.</param>
    /// <returns>Its bytes; 0: there is no key block, or the suite is no AEAD that is known here.</returns>
    public readonly int Seal(ushort suite, bool isServer, long sequence, byte alert, Span<byte> record)
    {
        int keyBytes = KeyBytesOf(suite, out bool isGcm);
        int ivBytes = isGcm ? NonceBytes - ExplicitNonceBytes : NonceBytes;
        if (keyBytes == 0 || _length != 2 * (keyBytes + ivBytes))
        {
            return 0;
        }
        // client_write_key, server_write_key, client_write_IV, server_write_IV.
        int side = isServer ? 1 : 0;
        ReadOnlySpan<byte> key = Bytes.Slice(side * keyBytes, keyBytes);
        ReadOnlySpan<byte> iv = Bytes.Slice((2 * keyBytes) + (side * ivBytes), ivBytes);
        int explicitBytes = isGcm ? ExplicitNonceBytes : 0;
        int fragment = explicitBytes + AlertBytes + TagBytes;
        record[0] = AlertType;
        BinaryPrimitives.WriteUInt16BigEndian(record[1..], (ushort)TlsVersion.Tls12);
        BinaryPrimitives.WriteUInt16BigEndian(record[3..], (ushort)fragment);

        // RFC 5246 §6.2.3.3: sequence number, type, version, length of the plaintext.
        Span<byte> additional = stackalloc byte[8 + HeaderBytes];
        BinaryPrimitives.WriteInt64BigEndian(additional, sequence);
        record[..3].CopyTo(additional[8..]);
        BinaryPrimitives.WriteUInt16BigEndian(additional[11..], AlertBytes);
        ReadOnlySpan<byte> plain = [Fatal, alert];
        Span<byte> sealedAlert = record.Slice(HeaderBytes + explicitBytes, AlertBytes);
        Span<byte> tag = record.Slice(HeaderBytes + explicitBytes + AlertBytes, TagBytes);
        Span<byte> nonce = stackalloc byte[NonceBytes];
        iv.CopyTo(nonce);
        if (isGcm)
        {
            // RFC 5288 §3: OpenSSL counts its explicit nonces up from one by chance. Another one by chance meets none of at most 2^24 records but with 2^-40.
            RandomNumberGenerator.Fill(nonce[ivBytes..]);
            nonce[ivBytes..].CopyTo(record[HeaderBytes..]);
            using AesGcm aes = new(key, TagBytes);
            aes.Encrypt(nonce, plain, sealedAlert, tag, additional);
        }
        else
        {
            // RFC 7905 §2: the sequence number, padded, over the IV.
            Span<byte> low = nonce[(NonceBytes - 8)..];
            BinaryPrimitives.WriteInt64BigEndian(low, BinaryPrimitives.ReadInt64BigEndian(low) ^ sequence);
            using ChaCha20Poly1305 chacha = new(key);
            chacha.Encrypt(nonce, plain, sealedAlert, tag, additional);
        }
        CryptographicOperations.ZeroMemory(nonce);
        return HeaderBytes + fragment;
    }

    private static int KeyBytesOf(ushort suite, out bool isGcm)
    {
        isGcm = suite is not (0xCCA8 or 0xCCA9 or 0xCCAA);
        return suite switch
        {
            // RFC 5288 and 5289, with RSA, DHE and ECDHE.
            0x009C or 0x009E or 0xC02B or 0xC02F => 16,
            0x009D or 0x009F or 0xC02C or 0xC030 => 32,
            // RFC 7905.
            0xCCA8 or 0xCCA9 or 0xCCAA => ChaCha20Poly1305.IsSupported ? 32 : 0,
            _ => 0,
        };
    }
}
