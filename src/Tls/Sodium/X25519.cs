using System.Runtime.InteropServices;

namespace TlsGateway.Tls.Sodium;

/// <summary>
/// X25519 (RFC 7748) by libsodium, in constant time: a public key costs 40 per cent of what OpenSSL's does, whose multiplication of the base point works in 32 bits, and half of
/// BouncyCastle's (docs/adr/0014-x25519-by-libsodium.md). Thread-safe.
/// </summary>
internal static unsafe class X25519
{
    /// <summary>Bytes of a private key, a public key and a shared secret.</summary>
    public const int KeyBytes = 32;

    /// <summary>Why <see cref="TryAgree"/> refuses.</summary>
    public const string SmallOrderText = "the peer's X25519 key is a point of small order";

    private static readonly Lazy<string?> Version = new(Load);

    /// <summary>libsodium came along and runs here. Where it is not, both engines use their own curve.</summary>
    public static bool IsSupported => Version.Value != null;

    /// <summary>Such as "libsodium 1.0.22", or null.</summary>
    public static string? VersionText => Version.Value;

    /// <summary>The public key of a private one; any 32 random bytes are a private key (RFC 7748 §5: bits are set and cleared on the way).</summary>
    public static void PublicKey(byte* privateKey, byte* publicKey)
    {
        if (LibSodium.crypto_scalarmult_curve25519_base(publicKey, privateKey) != 0)
        {
            throw new InvalidOperationException("libsodium made no public key of a private one");
        }
    }

    /// <summary>The shared secret; false where it would be all zero, so that the peer's key had no part in it (RFC 7748 §6.1, RFC 8446 §7.4.2).</summary>
    public static bool TryAgree(byte* privateKey, byte* peersPublicKey, byte* secret) =>
        LibSodium.crypto_scalarmult_curve25519(secret, privateKey, peersPublicKey) == 0;

    private static string? Load()
    {
        try
        {
            return LibSodium.sodium_init() < 0 ? null : $"libsodium {Marshal.PtrToStringUTF8((nint)LibSodium.sodium_version_string())}";
        }
        catch (Exception absent) when (absent is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            return null;
        }
    }
}
