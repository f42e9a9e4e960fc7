using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Buffers;

/// <summary>A loop's <see cref="AppData"/> objects and its memory for TLS sessions, both on the loop's buffer pool. Loop thread only.</summary>
public sealed unsafe class AppDataPool(LoopBufferPool buffers) : ITlsBufferPool
{
    /// <summary>Objects kept for reuse; a loop rarely has more in flight at once than it serves connections in one turn.</summary>
    private const int RetainedObjects = 1024;

    private readonly Stack<AppData> _free = new(64);

    /// <summary>Rents an empty buffer of at least <paramref name="minimumBytes"/>.</summary>
    public AppData Rent(int minimumBytes)
    {
        var memory = buffers.Rent(minimumBytes, out var capacity);
        return (_free.TryPop(out var data) ? data : new AppData(this)).Fill(memory, capacity);
    }

    byte* ITlsBufferPool.Rent(int minimumBytes, out int capacity) => buffers.Rent(minimumBytes, out capacity);

    void ITlsBufferPool.Return(byte* memory, int capacity) => buffers.Return(memory, capacity);

    internal void Return(AppData data, byte* memory, int capacity)
    {
        buffers.Return(memory, capacity);
        if (_free.Count < RetainedObjects)
            _free.Push(data);
    }
}
