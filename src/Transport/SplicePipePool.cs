using TlsGateway.Transport.Native;
using static TlsGateway.Transport.Native.LinuxConstants;

namespace TlsGateway.Transport;

/// <summary>
/// Pipes of a loop. A transfer has one only while bytes wait in it, so a few serve many connections; free ones beyond a bound are closed. Loop thread only.
/// </summary>
public sealed unsafe class SplicePipePool
{
    /// <summary>Free pipes that are kept: two descriptors each, no memory while they are empty.</summary>
    private const int MaxFree = 64;

    private readonly Stack<SplicePipe> _free = new();
    private bool _isClosed;

    /// <summary>Pipes that are in use.</summary>
    public int Rented { get; private set; }

    /// <summary>An empty pipe, to be given back; null: the kernel has none, for want of descriptors.</summary>
    public SplicePipe? TryRent()
    {
        if (!_free.TryPop(out SplicePipe? pipe))
        {
            int* ends = stackalloc int[2];
            if (Libc.pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
                return null;
            pipe = new SplicePipe(ends[0], ends[1]);
        }

        Rented++;
        return pipe;
    }

    /// <summary>Takes a pipe back. One with bytes in it is closed, and they are lost: nobody else may get them.</summary>
    public void Return(SplicePipe pipe)
    {
        Rented--;
        if (pipe.Count > 0 || _isClosed || _free.Count >= MaxFree)
            pipe.Close();
        else
            _free.Push(pipe);
    }

    /// <summary>Closes the free ones, and those that come back.</summary>
    internal void Close()
    {
        _isClosed = true;
        while (_free.TryPop(out SplicePipe? pipe))
            pipe.Close();
    }
}
