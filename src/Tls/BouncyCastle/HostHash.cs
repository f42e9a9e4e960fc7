using System.Security.Cryptography;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>
/// SHA-256 or SHA-384 by the host over what was kept: .NET has no hash that can be forked, and a handshake's transcript is short. A fork shares the bytes until one of the two
/// goes on. Bounded by <see cref="TlsLimits.MaxHandshakeBytes"/>, since only handshakes are hashed.
/// </summary>
internal sealed class HostHash(int algorithm, HandshakeCrypto? crypto) : TlsHash
{
    private const int LeastCapacity = 1024;

    private byte[] _input = [];
    private int _count;
    private bool _isShared;

    /// <summary>True for the algorithms that the host does.</summary>
    public static bool Supports(int algorithm) => algorithm is CryptoHashAlgorithm.sha256 or CryptoHashAlgorithm.sha384;

    public void Update(byte[] input, int inOff, int length) => Update(input.AsSpan(inOff, length));

    public void Update(ReadOnlySpan<byte> input)
    {
        int needed = _count + input.Length;
        if (_isShared || needed > _input.Length)
        {
            byte[] grown = new byte[Math.Max(needed, Math.Max(LeastCapacity, 2 * _count))];
            _input.AsSpan(0, _count).CopyTo(grown);
            _input = grown;
            _isShared = false;
        }
        input.CopyTo(_input.AsSpan(_count));
        _count = needed;
    }

    /// <summary>The hash; the input is forgotten.</summary>
    public byte[] CalculateHash()
    {
        ReadOnlySpan<byte> input = _input.AsSpan(0, _count);
        byte[] hash = algorithm == CryptoHashAlgorithm.sha384 ? SHA384.HashData(input) : SHA256.HashData(input);
        Reset();
        return hash;
    }

    /// <summary>Only transcripts are forked: <see cref="HandshakeCrypto.Transcript"/> learns which hash that is.</summary>
    public TlsHash CloneHash()
    {
        crypto?.Transcript = this;
        return Fork();
    }

    public HostHash Fork()
    {
        _isShared = true;
        return new HostHash(algorithm, crypto)
        {
            _input = _input,
            _count = _count,
            _isShared = true,
        };
    }

    public void Reset()
    {
        _count = 0;
        if (_isShared)
        {
            _input = [];
            _isShared = false;
        }
    }
}
