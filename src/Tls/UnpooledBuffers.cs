using System.Runtime.InteropServices;

namespace TlsGateway.Tls;

/// <summary>Memory straight from the C allocator, for a program with a few sessions and no event loop. Thread-safe.</summary>
public sealed unsafe class UnpooledBuffers : ITlsBufferPool
{
    public static UnpooledBuffers Shared { get; } = new();

    private UnpooledBuffers() { }

    /// <inheritdoc/>
    public byte* Rent(int minimumBytes, out int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(minimumBytes);
        capacity = minimumBytes;
        return (byte*)NativeMemory.Alloc((nuint)minimumBytes);
    }

    /// <inheritdoc/>
    public void Return(byte* memory, int capacity)
    {
        NativeMemory.Free(memory);
    }
}
