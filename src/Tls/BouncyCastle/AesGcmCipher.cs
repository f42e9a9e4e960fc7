using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto.Impl;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>One direction of AES-GCM by the host.</summary>
[SuppressMessage(
    "Reliability",
    "CA1001",
    Justification = "BouncyCastle never disposes ciphers; the key's handle has a finalizer of its own."
)]
internal sealed class AesGcmCipher(bool encrypts) : TlsAeadCipherImpl
{
    public const int TagBytes = 16;

    private AesGcm? _key;
    private byte[] _nonce = [];

    public void SetKey(byte[] key, int keyOff, int keyLen) => SetKey(key.AsSpan(keyOff, keyLen));

    public void SetKey(ReadOnlySpan<byte> key)
    {
        _key?.Dispose();
        _key = new AesGcm(key, TagBytes);
    }

    public void Init(byte[] nonce, int macSize, byte[] additionalData) => _nonce = nonce;

    public int GetOutputSize(int inputLength) => encrypts ? inputLength + TagBytes : inputLength - TagBytes;

    public void Reset() { }

    public void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additionalData, Span<byte> data, Span<byte> tag) =>
        _key!.Encrypt(nonce, data, data, tag, additionalData);

    public int DoFinal(byte[] input, int inputOffset, int inputLength, byte[] output, int outputOffset) =>
        DoFinal([], input, inputOffset, inputLength, output, outputOffset);

    public int DoFinal(byte[] additionalData, byte[] input, int inputOffset, int inputLength, byte[] output, int outputOffset)
    {
        ReadOnlySpan<byte> source = input.AsSpan(inputOffset, inputLength);
        if (encrypts)
        {
            Span<byte> tag = output.AsSpan(outputOffset + inputLength, TagBytes);
            _key!.Encrypt(_nonce, source, output.AsSpan(outputOffset, inputLength), tag, additionalData);
            return inputLength + TagBytes;
        }
        int length = inputLength - TagBytes;
        try
        {
            _key!.Decrypt(_nonce, source[..length], source[length..], output.AsSpan(outputOffset, length), additionalData);
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new TlsFatalAlert(AlertDescription.bad_record_mac, e);
        }
        return length;
    }
}
