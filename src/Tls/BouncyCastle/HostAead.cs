using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto.Impl;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>One direction's key at the host, with a tag of 16 bytes and a nonce of 12. <see cref="HostAeadCipher"/> calls it, in place; BouncyCastle only sets the key.</summary>
internal abstract class HostAead : TlsAeadCipherImpl
{
    public const int TagBytes = 16;
    public const int NonceBytes = 12;

    /// <summary>Encrypts <paramref name="data"/> in place.</summary>
    public abstract void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additionalData, Span<byte> data, Span<byte> tag);

    /// <summary>Decrypts <paramref name="data"/> in place.</summary>
    /// <exception cref="AuthenticationTagMismatchException">It is not what the peer encrypted.</exception>
    public abstract void Decrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additionalData, Span<byte> data, ReadOnlySpan<byte> tag);

    public abstract void SetKey(ReadOnlySpan<byte> key);

    public void SetKey(byte[] key, int keyOff, int keyLen) => SetKey(key.AsSpan(keyOff, keyLen));

    public int GetOutputSize(int inputLength) => throw Unused();

    public void Init(byte[] nonce, int macSize, byte[] additionalData) => throw Unused();

    public void Reset() => throw Unused();

    public int DoFinal(byte[] input, int inputOffset, int inputLength, byte[] output, int outputOffset) => throw Unused();

    public int DoFinal(byte[] additionalData, byte[] input, int inputOffset, int inputLength, byte[] output, int outputOffset) =>
        throw Unused();

    // A record that went past HostAeadCipher ends its connection with internal_error.
    private static TlsFatalAlert Unused() => new(AlertDescription.internal_error, "records are HostAeadCipher's");
}

[SuppressMessage(
    "Reliability",
    "CA1001",
    Justification = "BouncyCastle never disposes ciphers; the key's handle has a finalizer of its own."
)]
internal sealed class AesGcmAead : HostAead
{
    private AesGcm? _key;

    public override void SetKey(ReadOnlySpan<byte> key)
    {
        _key?.Dispose();
        _key = new AesGcm(key, TagBytes);
    }

    public override void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additionalData, Span<byte> data, Span<byte> tag) =>
        _key!.Encrypt(nonce, data, data, tag, additionalData);

    public override void Decrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additionalData, Span<byte> data, ReadOnlySpan<byte> tag) =>
        _key!.Decrypt(nonce, data, tag, data, additionalData);
}

[SuppressMessage(
    "Reliability",
    "CA1001",
    Justification = "BouncyCastle never disposes ciphers; the key's handle has a finalizer of its own."
)]
internal sealed class ChaChaAead : HostAead
{
    private ChaCha20Poly1305? _key;

    public override void SetKey(ReadOnlySpan<byte> key)
    {
        _key?.Dispose();
        _key = new ChaCha20Poly1305(key);
    }

    public override void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additionalData, Span<byte> data, Span<byte> tag) =>
        _key!.Encrypt(nonce, data, data, tag, additionalData);

    public override void Decrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additionalData, Span<byte> data, ReadOnlySpan<byte> tag) =>
        _key!.Decrypt(nonce, data, tag, data, additionalData);
}
