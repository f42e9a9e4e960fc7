using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>exporter_master_secret of a TLS 1.3 session (RFC 8446 §7.1), kept in the session's native memory until it ends.</summary>
internal struct ExporterSecret
{
    private int _length;
    private Secret _secret;

    /// <summary>Keeps a copy; the hash of the suite is told by its length.</summary>
    public void TakeSecret(ReadOnlySpan<byte> secret)
    {
        if (secret.Length <= KeySchedule.MaxHashBytes)
        {
            secret.CopyTo(_secret);
            _length = secret.Length;
        }
    }

    /// <summary>RFC 8446 §7.5: HKDF-Expand-Label(Derive-Secret(secret, label, ""), "exporter", Hash(context), length). False: no secret, or a part too long.</summary>
    public readonly bool TryExport(ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, Span<byte> destination)
    {
        if (_length == 0)
        {
            return false;
        }
        bool sha384 = _length == KeySchedule.MaxHashBytes;
        ReadOnlySpan<byte> secret = ((ReadOnlySpan<byte>)_secret)[.._length];
        Span<byte> hash = stackalloc byte[_length];
        Span<byte> derived = stackalloc byte[_length];
        Hash(sha384, [], hash);
        bool done = KeySchedule.TryExpandLabel(sha384, secret, "tls13 "u8, label, hash, derived);
        Hash(sha384, context, hash);
        done = done && KeySchedule.TryExpandLabel(sha384, derived, "tls13 "u8, "exporter"u8, hash, destination);
        CryptographicOperations.ZeroMemory(derived);
        return done;
    }

    public void Clear()
    {
        CryptographicOperations.ZeroMemory(_secret);
        _length = 0;
    }

    private static void Hash(bool sha384, ReadOnlySpan<byte> data, Span<byte> hash)
    {
        _ = sha384 ? SHA384.HashData(data, hash) : SHA256.HashData(data, hash);
    }

    [InlineArray(KeySchedule.MaxHashBytes)]
    private struct Secret
    {
        private byte _first;
    }
}
