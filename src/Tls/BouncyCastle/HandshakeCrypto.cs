using Org.BouncyCastle.Tls.Crypto;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>One session's <see cref="HostCrypto"/>, which sees the handshake's transcript: BouncyCastle keeps that to itself, and a ticket's key comes from it.</summary>
internal sealed class HandshakeCrypto : HostCrypto
{
    /// <summary>The handshake's hash so far; null before the first fork of it, and after the handshake.</summary>
    public HostHash? Transcript { get; set; }

    public override TlsHash CreateHash(int cryptoHashAlgorithm) =>
        HostHash.Supports(cryptoHashAlgorithm) ? new HostHash(cryptoHashAlgorithm, this) : base.CreateHash(cryptoHashAlgorithm);
}
