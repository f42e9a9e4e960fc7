using TlsGateway.Transport.Native;

namespace TlsGateway.Transport;

/// <summary>The C library's heap, from which TLS engines and buffers live.</summary>
public static class NativeHeap
{
    /// <summary>Gives what is free back to the system (malloc_trim(3)), where the C library can: glibc does, musl has no such call.</summary>
    public static void Trim()
    {
        try
        {
            _ = Libc.malloc_trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Then its heap is what it is.
        }
    }
}
