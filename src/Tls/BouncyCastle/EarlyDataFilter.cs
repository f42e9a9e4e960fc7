using System.Security.Cryptography;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>
/// Passes over early data that a client sends though no ticket of ours allows it (RFC 8446 §4.2.10): records that are not under the handshake key, or, after a hello retry, all
/// before the second hello. BouncyCastle would end the connection. Made for a hello with early_data only, so that no other handshake pays for it.
/// </summary>
internal sealed class EarlyDataFilter
{
    /// <summary>As OpenSSL passes over: what is a usual max_early_data_size.</summary>
    private const int MaxBytes = 16384;

    private const int TagAndType = HostAead.TagBytes + 1;

    private int _left = MaxBytes;

    public enum Verdict
    {
        /// <summary>Not early data.</summary>
        Take,

        /// <summary>To be dropped.</summary>
        Drop,

        /// <summary>More than is passed over.</summary>
        TooMuch,
    }

    /// <summary>Judges one whole record.</summary>
    /// <param name="record">With its header.</param>
    /// <param name="parameters">The handshake's.</param>
    public Verdict Judge(ReadOnlySpan<byte> record, SecurityParameters parameters)
    {
        if (record[0] != ContentType.application_data || IsHandshake(record, parameters))
        {
            return Verdict.Take;
        }
        _left -= Math.Max(1, record.Length - RecordHeader.Bytes - TagAndType);
        return _left >= 0 ? Verdict.Drop : Verdict.TooMuch;
    }

    /// <summary>True when this is the first record under the client's handshake key. It is decrypted in a copy, once: then there is no more early data.</summary>
    private static bool IsHandshake(ReadOnlySpan<byte> record, SecurityParameters parameters)
    {
        // No key: after a hello retry, before the second hello.
        if (parameters.BaseKeyClient is not { } secret || record.Length < RecordHeader.Bytes + TagAndType)
        {
            return false;
        }
        int hash = parameters.PrfCryptoHashAlgorithm;
        (HostAead aead, int keyBytes) = parameters.CipherSuite switch
        {
            CipherSuite.TLS_AES_128_GCM_SHA256 => ((HostAead)new AesGcmAead(), 16),
            CipherSuite.TLS_AES_256_GCM_SHA384 => (new AesGcmAead(), 32),
            _ => (new ChaChaAead(), 32),
        };
        aead.SetKey(TlsCryptoUtilities.HkdfExpandLabel(secret, hash, "key", TlsUtilities.EmptyBytes, keyBytes).Extract());
        byte[] nonce = TlsCryptoUtilities.HkdfExpandLabel(secret, hash, "iv", TlsUtilities.EmptyBytes, HostAead.NonceBytes).Extract();
        byte[] data = record[RecordHeader.Bytes..^HostAead.TagBytes].ToArray();
        try
        {
            aead.Decrypt(nonce, record[..RecordHeader.Bytes], data, record[^HostAead.TagBytes..]);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }
}
