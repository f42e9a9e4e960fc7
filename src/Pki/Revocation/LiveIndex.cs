using System.Collections.Frozen;
using TlsGateway.Pki.Authority;

namespace TlsGateway.Pki.Revocation;

/// <summary>An index as it is on disk now: read again when the file was replaced, since other runs revoke while this one answers. Thread-safe.</summary>
internal sealed class LiveIndex(string file)
{
    private readonly Lock _lock = new();
    private (DateTime Written, long Bytes) _seen;
    private FrozenDictionary<string, IndexEntry> _entries = FrozenDictionary<string, IndexEntry>.Empty;

    /// <summary>By serial number.</summary>
    /// <exception cref="PkiException">The file cannot be read.</exception>
    public FrozenDictionary<string, IndexEntry> Read()
    {
        lock (_lock)
        {
            // Each revocation makes the file longer, so two within one tick of the file system's clock are told apart too.
            FileInfo now = new(file);
            var version = now.Exists ? (now.LastWriteTimeUtc, now.Length) : default;
            if (version != _seen || version == default)
            {
                _entries = CertificateIndex.Read(file).ToFrozenDictionary(entry => entry.Serial, StringComparer.Ordinal);
                _seen = version;
            }
            return _entries;
        }
    }
}
