using System.Security.Cryptography;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using TlsGateway.Tls.Sodium;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>One agreement of X25519 with one peer.</summary>
internal sealed unsafe class SodiumAgreement(HostCrypto crypto) : TlsAgreement
{
    private readonly byte[] _private = new byte[X25519.KeyBytes];
    private byte[] _peers = [];

    public byte[] GenerateEphemeral()
    {
        RandomNumberGenerator.Fill(_private);
        byte[] own = new byte[X25519.KeyBytes];
        fixed (byte* privateKey = _private)
        fixed (byte* publicKey = own)
        {
            X25519.PublicKey(privateKey, publicKey);
        }
        return own;
    }

    public void ReceivePeerValue(byte[] peerValue)
    {
        if (peerValue.Length != X25519.KeyBytes)
        {
            throw new TlsFatalAlert(
                AlertDescription.illegal_parameter,
                $"the peer's X25519 key has {peerValue.Length} bytes, not {X25519.KeyBytes}"
            );
        }
        _peers = peerValue;
    }

    /// <summary>Once: the private key is cleared.</summary>
    public TlsSecret CalculateSecret()
    {
        byte[] secret = new byte[X25519.KeyBytes];
        bool agreed;
        fixed (byte* privateKey = _private)
        fixed (byte* peersKey = _peers)
        fixed (byte* start = secret)
        {
            agreed = peersKey != null && X25519.TryAgree(privateKey, peersKey, start);
        }
        CryptographicOperations.ZeroMemory(_private);
        return agreed ? new HostSecret(crypto, secret) : throw new TlsFatalAlert(AlertDescription.illegal_parameter, X25519.SmallOrderText);
    }
}
