using System.Diagnostics;
using System.Runtime.InteropServices;

namespace TlsGateway.Transport;

/// <summary>
/// Native buffers of a loop, in four size classes, the last returned first out, since it is the one in the cache. Free buffers beyond a bound go back to
/// the system. Memory does not move and is not cleared. Rent and return on the loop thread only; the counts may be read from any.
/// </summary>
public sealed unsafe class LoopBufferPool : IDisposable
{
    /// <summary>Payload that a leg moves in one go; larger brings no less CPU per byte.</summary>
    public const int ChunkBytes = 256 * 1024;

    /// <summary>A chunk with room for its TLS records: 16 of them grow by at most 256 bytes and a 5-byte header each (RFC 8446 §5.2), 4,176; twice that.</summary>
    public const int ChunkCapacity = ChunkBytes + (8 * 1024);

    /// <summary>A handshake flight or a small record.</summary>
    private const int SmallBytes = 4 * 1024;

    /// <summary>One TLS record: 16,384 bytes of content (RFC 8446 §5.1) and 512 for header, padding and tag.</summary>
    private const int RecordBytes = 16_384 + 512;

    /// <summary>Four records with theirs.</summary>
    private const int MediumBytes = (64 * 1024) + (4 * 1024);

    private const int Classes = 4;

    /// <summary>A cache line on every processor we run on, so that two buffers never share one.</summary>
    private const nuint Alignment = 64;

    /// <summary>Free buffers of a class, linked through their first eight bytes.</summary>
    private readonly FreeBuffer*[] _free = new FreeBuffer*[Classes];

    private readonly long _retainedLimit;
    private long _rentedBuffers;
    private long _rentedBytes;
    private long _retainedBytes;
    private bool _disposed;

#if DEBUG
    private readonly HashSet<nint> _rented = [];
#endif

    /// <param name="retainedBytes">How much free memory to keep at most.</param>
    public LoopBufferPool(long retainedBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(retainedBytes);
        _retainedLimit = retainedBytes;
    }

    /// <summary>Buffers rented and not returned.</summary>
    public long RentedBuffers => Volatile.Read(ref _rentedBuffers);

    /// <summary>Their capacities' sum.</summary>
    public long RentedBytes => Volatile.Read(ref _rentedBytes);

    /// <summary>Bytes free and kept.</summary>
    public long RetainedBytes => Volatile.Read(ref _retainedBytes);

    /// <summary>Rents a buffer of the smallest class that fits; beyond <see cref="ChunkCapacity"/> one of exactly that size, which is not kept.</summary>
    /// <param name="minimumBytes">0 or more.</param>
    /// <param name="capacity">What it has; to be given to <see cref="Return"/>.</param>
    /// <exception cref="ObjectDisposedException">The loop has ended.</exception>
    /// <exception cref="OutOfMemoryException">The system gave none.</exception>
    public byte* Rent(int minimumBytes, out int capacity)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(minimumBytes);
        int sizeClass = ClassThatFits(minimumBytes);
        capacity = sizeClass < Classes ? Capacity(sizeClass) : minimumBytes;
        byte* memory = TakeFree(sizeClass, capacity);
        if (memory == null)
            memory = (byte*)NativeMemory.AlignedAlloc((nuint)capacity, Alignment);
        _rentedBuffers++;
        _rentedBytes += capacity;
        MarkRented(memory);
        return memory;
    }

    /// <summary>Takes a buffer back; after the loop's end too, it is freed then.</summary>
    /// <param name="memory">From <see cref="Rent"/> of this pool, not returned before.</param>
    /// <param name="capacity">What Rent said.</param>
    /// <exception cref="ArgumentException">No buffer has that capacity. In Debug also: this one is not rented.</exception>
    public void Return(byte* memory, int capacity)
    {
        int sizeClass = ClassThatFits(capacity);
        if (sizeClass < Classes && Capacity(sizeClass) != capacity)
            ThrowNotACapacity(capacity);
        MarkReturned(memory, capacity);
        _rentedBuffers--;
        _rentedBytes -= capacity;
        if (sizeClass == Classes || _disposed || _retainedBytes + capacity > _retainedLimit)
        {
            NativeMemory.AlignedFree(memory);
            return;
        }

        var free = (FreeBuffer*)memory;
        free->Next = _free[sizeClass];
        _free[sizeClass] = free;
        _retainedBytes += capacity;
    }

    /// <summary>Frees what is kept. What is still rented stays valid and is freed when it comes back.</summary>
    public void Dispose()
    {
        _disposed = true;
        Trim();
    }

    /// <summary>Frees what is kept for the next rents.</summary>
    public void Trim()
    {
        for (int sizeClass = 0; sizeClass < Classes; sizeClass++)
        {
            while (TakeFree(sizeClass, Capacity(sizeClass)) is var memory && memory != null)
                NativeMemory.AlignedFree(memory);
        }
    }

    private byte* TakeFree(int sizeClass, int capacity)
    {
        if (sizeClass == Classes)
            return null;
        FreeBuffer* free = _free[sizeClass];
        if (free == null)
            return null;
        _free[sizeClass] = free->Next;
        _retainedBytes -= capacity;
        return (byte*)free;
    }

    private static int ClassThatFits(int bytes) =>
        bytes switch
        {
            <= SmallBytes => 0,
            <= RecordBytes => 1,
            <= MediumBytes => 2,
            <= ChunkCapacity => 3,
            _ => Classes,
        };

    private static int Capacity(int sizeClass) =>
        sizeClass switch
        {
            0 => SmallBytes,
            1 => RecordBytes,
            2 => MediumBytes,
            _ => ChunkCapacity,
        };

    private static void ThrowNotACapacity(int capacity) =>
        throw new ArgumentException(
            $"No buffer of this pool has {capacity} bytes; return it with the capacity that Rent gave.",
            nameof(capacity)
        );

    [Conditional("DEBUG")]
    private void MarkRented(byte* memory)
    {
#if DEBUG
        _rented.Add((nint)memory);
#endif
    }

    /// <summary>Debug builds find a buffer that is returned twice, and overwrite it, so that a use after the return shows.</summary>
    [Conditional("DEBUG")]
    private void MarkReturned(byte* memory, int capacity)
    {
#if DEBUG
        if (!_rented.Remove((nint)memory))
            throw new ArgumentException("The buffer is not rented from this pool, or was returned before.", nameof(memory));
        new Span<byte>(memory, Math.Min(capacity, SmallBytes)).Fill(0xdd);
#endif
    }

    private struct FreeBuffer
    {
        public FreeBuffer* Next;
    }
}
