using System.Diagnostics;

namespace TlsGateway.Actors.Buffers;

/// <summary>
/// A run of application data on its way from one leg to the other: an owned pooled buffer that changes hands with the message. Whoever holds it passes it on
/// or disposes it; disposing twice is a broken invariant. Loop thread only.
/// </summary>
public sealed unsafe class AppData : IDataPathMessage, IDisposable
{
    private readonly AppDataPool _pool;
    private byte* _memory;
    private int _start;
    private int _end;

    internal AppData(AppDataPool pool) => _pool = pool;

    /// <summary>The next in an <see cref="AppDataQueue"/>.</summary>
    internal AppData? Next { get; set; }

    /// <summary>Bytes not passed on yet.</summary>
    public int Length => _end - _start;

    /// <summary>Bytes of memory behind this, used and free.</summary>
    public int Capacity { get; private set; }

    /// <summary>The data, oldest first.</summary>
    public ReadOnlySpan<byte> Data => new(_memory + _start, _end - _start);

    /// <summary>Where more data may be put, after <see cref="Data"/>.</summary>
    public Span<byte> Free => new(_memory + _end, Capacity - _end);

    /// <summary>Takes <paramref name="bytes"/> that were put at the start of <see cref="Free"/>.</summary>
    public void Commit(int bytes)
    {
        Debug.Assert(bytes >= 0 && bytes <= Capacity - _end, "more committed than was free");
        _end += bytes;
    }

    /// <summary>Drops <paramref name="bytes"/> from the start: they were passed on.</summary>
    public void Consume(int bytes)
    {
        Debug.Assert(bytes >= 0 && bytes <= Length, "more consumed than there was");
        _start += bytes;
    }

    public void Dispose()
    {
        if (_memory is null)
        {
            Debug.Fail("an AppData was disposed twice");
            return;
        }

        var memory = _memory;
        _memory = null;
        _pool.Return(this, memory, Capacity);
    }

    internal AppData Fill(byte* memory, int capacity)
    {
        _memory = memory;
        Capacity = capacity;
        _start = _end = 0;
        return this;
    }
}
