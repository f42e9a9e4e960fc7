using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Prng;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;
using TlsGateway.Tls.Sodium;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>BouncyCastle's primitives, with the host's random numbers, hashes, key derivation and AEAD ciphers in place of the managed ones. Thread-safe.</summary>
internal class HostCrypto() : BcTlsCrypto(Random)
{
    private const int ChaChaKeyBytes = 32;

    private static readonly SecureRandom Random = new(new HostRandom());

    public static HostCrypto Shared { get; } = new();

    public override TlsNonceGenerator CreateNonceGenerator(byte[] additionalSeedMaterial) => new HostNonces();

    public override TlsNonceGenerator CreateNonceGenerator(ReadOnlySpan<byte> additionalSeedMaterial) => new HostNonces();

    public override TlsHash CreateHash(int cryptoHashAlgorithm) =>
        HostHash.Supports(cryptoHashAlgorithm) ? new HostHash(cryptoHashAlgorithm, crypto: null) : base.CreateHash(cryptoHashAlgorithm);

    public override TlsSecret HkdfInit(int cryptoHashAlgorithm) =>
        HostHash.Supports(cryptoHashAlgorithm)
            ? new HostSecret(this, new byte[TlsCryptoUtilities.GetHashOutputSize(cryptoHashAlgorithm)])
            : base.HkdfInit(cryptoHashAlgorithm);

    public override TlsSecret CreateSecret(byte[] data) => new HostSecret(this, [.. data]);

    public override TlsECDomain CreateECDomain(TlsECConfig ecConfig) =>
        ecConfig.NamedGroup == NamedGroup.x25519 && X25519.IsSupported
            ? new SodiumDomain(this)
            : new HostDomain(this, base.CreateECDomain(ecConfig));

    protected override TlsAeadCipher CreateCipher_Aes_Gcm(TlsCryptoParameters cryptoParams, int cipherKeySize, int macSize) =>
        macSize != HostAead.TagBytes
            ? base.CreateCipher_Aes_Gcm(cryptoParams, cipherKeySize, macSize)
            : new HostAeadCipher(cryptoParams, new AesGcmAead(), new AesGcmAead(), cipherKeySize, TlsAeadCipher.AEAD_GCM);

    protected override TlsCipher CreateChaCha20Poly1305(TlsCryptoParameters cryptoParams) =>
        ChaCha20Poly1305.IsSupported
            ? new HostAeadCipher(cryptoParams, new ChaChaAead(), new ChaChaAead(), ChaChaKeyBytes, TlsAeadCipher.AEAD_CHACHA20_POLY1305)
            : base.CreateChaCha20Poly1305(cryptoParams);

    private sealed class HostNonces : TlsNonceGenerator
    {
        public byte[] GenerateNonce(int size) => RandomNumberGenerator.GetBytes(size);
    }

    private sealed class HostRandom : IRandomGenerator
    {
        // The host's generator needs no seed.
        public void AddSeedMaterial(byte[] seed) { }

        public void AddSeedMaterial(ReadOnlySpan<byte> seed) { }

        public void AddSeedMaterial(long seed) { }

        public void NextBytes(byte[] bytes) => RandomNumberGenerator.Fill(bytes);

        public void NextBytes(byte[] bytes, int start, int len) => RandomNumberGenerator.Fill(bytes.AsSpan(start, len));

        public void NextBytes(Span<byte> bytes) => RandomNumberGenerator.Fill(bytes);
    }

    private sealed class SodiumDomain(HostCrypto crypto) : TlsECDomain
    {
        public TlsAgreement CreateECDH() => new SodiumAgreement(crypto);
    }

    /// <summary>BouncyCastle agrees on a secret; what is derived from it is the host's.</summary>
    private sealed class HostDomain(HostCrypto crypto, TlsECDomain domain) : TlsECDomain
    {
        public TlsAgreement CreateECDH() => new HostAgreement(crypto, domain.CreateECDH());
    }

    private sealed class HostAgreement(HostCrypto crypto, TlsAgreement agreement) : TlsAgreement
    {
        public byte[] GenerateEphemeral() => agreement.GenerateEphemeral();

        public void ReceivePeerValue(byte[] peerValue) => agreement.ReceivePeerValue(peerValue);

        public TlsSecret CalculateSecret() => new HostSecret(crypto, agreement.CalculateSecret().Extract());
    }
}
