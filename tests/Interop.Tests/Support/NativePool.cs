using System.Runtime.InteropServices;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>Memory for the sessions of test clients; each has its own, and gives all of it back.</summary>
internal sealed unsafe class NativePool : ITlsBufferPool, IDisposable
{
    private int _rented;

    public byte* Rent(int minimumBytes, out int capacity)
    {
        capacity = minimumBytes;
        _rented++;
        return (byte*)NativeMemory.Alloc((nuint)minimumBytes);
    }

    public void Return(byte* memory, int capacity)
    {
        _rented--;
        NativeMemory.Free(memory);
    }

    public void Dispose() => Assert.Equal(0, _rented);
}
