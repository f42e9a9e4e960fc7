using System.Runtime.InteropServices;

namespace TlsGateway.Tls;

/// <summary>
/// An <see cref="ITlsBufferPool"/> straight from the C library's heap, for programs with few connections. It keeps nothing, so every session of a process may share
/// <see cref="Shared"/>, on any thread.
/// </summary>
public sealed unsafe class HeapBufferPool : ITlsBufferPool
{
    private HeapBufferPool() { }

    /// <summary>The one pool: it has no state.</summary>
    public static HeapBufferPool Shared { get; } = new();

    /// <inheritdoc/>
    /// <exception cref="OutOfMemoryException">The system gave none.</exception>
    public byte* Rent(int minimumBytes, out int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(minimumBytes);
        capacity = Math.Max(minimumBytes, 1);
        return (byte*)NativeMemory.Alloc((nuint)capacity);
    }

    /// <inheritdoc/>
    public void Return(byte* memory, int capacity) => NativeMemory.Free(memory);
}
