using System.Runtime.CompilerServices;

namespace TlsGateway.Actors.Connections;

/// <summary>The first bytes of a connection, as many as tell TLS from anything else (an HTTP method and a space are 8).</summary>
internal struct HelloPrefix
{
    private Bytes _bytes;
    private int _count;

    /// <summary>Adds what was received; returns all that is known, which lives as long as this value stays where it is.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public ReadOnlySpan<byte> Append(ReadOnlySpan<byte> received)
    {
        Span<byte> all = _bytes;
        var taken = Math.Min(received.Length, all.Length - _count);
        received[..taken].CopyTo(all[_count..]);
        _count += taken;
        return all[.._count];
    }

    [InlineArray(16)]
    private struct Bytes
    {
        private byte _first;
    }
}
