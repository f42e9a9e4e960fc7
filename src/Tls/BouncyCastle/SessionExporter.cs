using System.Buffers.Binary;
using System.Security.Cryptography;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>
/// What keying material is exported from (RFC 5705 §4, RFC 8446 §7.5), kept for the session's life: BouncyCastle exports only in the moment that the handshake is complete.
/// </summary>
internal sealed class SessionExporter
{
    // HkdfLabel (RFC 8446 §7.1) has one byte for the length of the label with its prefix.
    private const int MaxLabelBytes = 255 - 6;
    private const int MaxHkdfHashes = 255;

    private readonly byte[] _secret;
    private readonly byte[] _randoms;
    private readonly int _prf;
    private readonly int _hash;

    private SessionExporter(byte[] secret, byte[] randoms, int prf, int hash)
    {
        _secret = secret;
        _randoms = randoms;
        _prf = prf;
        _hash = hash;
    }

    /// <summary>To be called while the handshake completes. Null: a TLS 1.2 session without extended master secret, from which nothing may be exported (RFC 7627 §5.4).</summary>
    public static SessionExporter? Of(TlsContext context)
    {
        SecurityParameters parameters = context.SecurityParameters;
        if (TlsUtilities.IsTlsV13(context))
        {
            byte[] exporter = context.Crypto.AdoptSecret(parameters.ExporterMasterSecret).Extract();
            return new SessionExporter(exporter, [], parameters.PrfAlgorithm, parameters.PrfCryptoHashAlgorithm);
        }
        return parameters.IsExtendedMasterSecret
            ? new SessionExporter(
                context.Crypto.AdoptSecret(parameters.MasterSecret).Extract(),
                [.. parameters.ClientRandom, .. parameters.ServerRandom],
                parameters.PrfAlgorithm,
                parameters.PrfCryptoHashAlgorithm
            )
            : null;
    }

    /// <summary>False: the label or the output is too long.</summary>
    public bool TryExport(string label, ReadOnlySpan<byte> context, Span<byte> destination)
    {
        HostSecret secret = new(HostCrypto.Shared, [.. _secret]);
        bool done =
            _randoms.Length > 0 ? TryExport12(secret, label, context, destination) : TryExport13(secret, label, context, destination);
        secret.Destroy();
        return done;
    }

    public void Clear() => CryptographicOperations.ZeroMemory(_secret);

    private bool TryExport12(HostSecret secret, string label, ReadOnlySpan<byte> context, Span<byte> destination)
    {
        if (context.Length > ushort.MaxValue)
        {
            return false;
        }
        // RFC 5705 §4 tells no context from an empty one, which RFC 8446 §7.5 does not: none is what peers use.
        byte[] seed = new byte[_randoms.Length + (context.IsEmpty ? 0 : sizeof(ushort) + context.Length)];
        _randoms.CopyTo(seed, 0);
        if (!context.IsEmpty)
        {
            BinaryPrimitives.WriteUInt16BigEndian(seed.AsSpan(_randoms.Length), (ushort)context.Length);
            context.CopyTo(seed.AsSpan(_randoms.Length + sizeof(ushort)));
        }
        secret.DeriveUsingPrf(_prf, label, seed, destination.Length).ExtractTo(destination);
        return true;
    }

    private bool TryExport13(HostSecret secret, string label, ReadOnlySpan<byte> context, Span<byte> destination)
    {
        int hashBytes = TlsCryptoUtilities.GetHashOutputSize(_hash);
        if (label.Length > MaxLabelBytes || destination.Length > MaxHkdfHashes * hashBytes)
        {
            return false;
        }
        TlsSecret derived = TlsCryptoUtilities.HkdfExpandLabel(secret, _hash, label, Hash([]), hashBytes);
        TlsCryptoUtilities.HkdfExpandLabel(derived, _hash, "exporter", Hash(context), destination.Length).ExtractTo(destination);
        derived.Destroy();
        return true;
    }

    private byte[] Hash(ReadOnlySpan<byte> data) => _hash == CryptoHashAlgorithm.sha384 ? SHA384.HashData(data) : SHA256.HashData(data);
}
