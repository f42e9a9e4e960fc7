namespace TlsGateway.Actors.Tests.Sessions;

/// <summary>One direction of a connection: a queue of bytes that takes no more than <see cref="Capacity"/>, as a socket's buffers do.</summary>
internal sealed class Wire
{
    private readonly Queue<byte> _bytes = new();

    public int Capacity { get; set; } = int.MaxValue;

    public int Count => _bytes.Count;

    public bool HasRoom => _bytes.Count < Capacity;

    /// <summary>Takes as many of <paramref name="bytes"/> as fit; returns how many.</summary>
    public int Offer(ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(bytes.Length, Math.Max(0, Capacity - _bytes.Count));
        foreach (var b in bytes[..taken])
            _bytes.Enqueue(b);
        return taken;
    }

    /// <summary>Gives the oldest bytes, as many as there are and fit; returns how many.</summary>
    public int Take(Span<byte> destination)
    {
        var given = Math.Min(destination.Length, _bytes.Count);
        for (var i = 0; i < given; i++)
            destination[i] = _bytes.Dequeue();
        return given;
    }
}
