using System.Runtime.InteropServices;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>The AEAD of a TLS 1.3 suite (RFC 8446 §B.4), fetched once for the process.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct RecordCipher
{
    private static readonly RecordCipher Aes128Gcm = Fetch("AES-128-GCM", 16);
    private static readonly RecordCipher Aes256Gcm = Fetch("AES-256-GCM", 32);
    private static readonly RecordCipher ChaCha20Poly1305 = Fetch("ChaCha20-Poly1305", 32);

    private RecordCipher(nint algorithm, int keyBytes)
    {
        Algorithm = algorithm;
        KeyBytes = keyBytes;
    }

    /// <summary>EVP_CIPHER*, or 0.</summary>
    public nint Algorithm { get; }

    public int KeyBytes { get; }

    /// <summary>The cipher of a suite by its two bytes; without an <see cref="Algorithm"/> for one that is not known here or not in libcrypto.</summary>
    public static RecordCipher OfSuite(ushort suite) =>
        suite switch
        {
            0x1301 => Aes128Gcm,
            0x1302 => Aes256Gcm,
            0x1303 => ChaCha20Poly1305,
            _ => default,
        };

    // Never freed: sessions of the whole process use it.
    private static RecordCipher Fetch(string name, int keyBytes)
    {
        nint algorithm = LibCrypto.EVP_CIPHER_fetch(0, name, null);
        LibCrypto.ERR_clear_error();
        return new RecordCipher(algorithm, keyBytes);
    }
}
