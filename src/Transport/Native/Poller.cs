using System.Runtime.InteropServices;
using static TlsGateway.Transport.Native.LinuxConstants;

namespace TlsGateway.Transport.Native;

/// <summary>
/// An epoll set and the eventfd that wakes its thread. All is for the loop's thread, but <see cref="WakeIfAsleep"/>. The one place that says which
/// events are asked for.
/// </summary>
internal sealed unsafe class Poller : IDisposable
{
    /// <summary>Everything, once: readiness is filtered in user space, which saves an epoll_ctl whenever the interest changes.</summary>
    public const uint ConnectionInterest = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

    public const uint ListenerInterest = EPOLLIN | EPOLLET;

    /// <summary>The eventfd's key: no slot has it, since slots count up from zero.</summary>
    public const ulong WakeKey = ulong.MaxValue;

    private readonly int _maxEvents;
    private readonly byte* _buffer;
    private int _epoll;
    private int _eventFd;
    private int _asleep;

    /// <summary>Threads that may be about to write the eventfd; it is not closed before they are through, or they might write to its number's next owner.</summary>
    private int _wakers;

    public Poller(int maxEvents)
    {
        // An event is 16 bytes at most: the upper limit keeps the buffer within a mebibyte.
        ArgumentOutOfRangeException.ThrowIfLessThan(maxEvents, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxEvents, 65_536);
        _maxEvents = maxEvents;
        _epoll = Libc.epoll_create1(EPOLL_CLOEXEC);
        if (_epoll < 0)
            throw SocketSetupException.ForCall("make an event loop", "epoll_create1", Errno.Last);
        _eventFd = Libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        int errno = Errno.Last;

        // Edge-triggered, so it never has to be read: each write is an edge, and 2^64 of them do not come to pass.
        if (_eventFd < 0 || !TryAdd(_eventFd, EPOLLIN | EPOLLET, WakeKey, out errno))
        {
            CloseDescriptors();
            throw SocketSetupException.ForCall("make an event loop", "eventfd", errno);
        }

        _buffer = (byte*)NativeMemory.AlignedAlloc((nuint)(maxEvents * EpollEventLayout.Native.Size), 64);
    }

    public bool TryAdd(int fd, uint interest, ulong key, out int errno)
    {
        byte* ev = stackalloc byte[EpollEventLayout.Native.Size];
        EpollEventLayout.Native.Write(ev, interest, key);
        bool added = Libc.epoll_ctl(_epoll, EPOLL_CTL_ADD, fd, ev) == 0;
        errno = added ? 0 : Errno.Last;
        return added;
    }

    /// <summary>Waits for events; the thread counts as awake when it returns.</summary>
    /// <param name="timeoutMillis">0 does not wait, -1 waits for ever.</param>
    /// <returns>How many there are, for <see cref="Event"/>.</returns>
    public int Wait(int timeoutMillis)
    {
        int count = Libc.epoll_wait(_epoll, _buffer, _maxEvents, timeoutMillis);
        int errno = count < 0 ? Errno.Last : 0;
        Volatile.Write(ref _asleep, 0);
        if (errno is 0)
            return count;
        if (errno != Errno.EINTR)
            ThrowBroken(errno);
        return 0;
    }

    /// <summary>The key of an event of the last wait, and what happened.</summary>
    public ulong Event(int index, out uint events)
    {
        events = EpollEventLayout.Native.ReadEvents(_buffer, index);
        return EpollEventLayout.Native.ReadData(_buffer, index);
    }

    /// <summary>From here on a wake-up writes the eventfd; the caller fences, looks at its queues again and waits.</summary>
    public void MarkAsleep() => Volatile.Write(ref _asleep, 1);

    public void MarkAwake() => Volatile.Write(ref _asleep, 0);

    /// <summary>Wakes the thread if it sleeps or is about to. Any thread; after the end too.</summary>
    public void WakeIfAsleep()
    {
        if (Volatile.Read(ref _asleep) == 0)
            return;
        _ = Interlocked.Increment(ref _wakers);
        if (Interlocked.Exchange(ref _asleep, 0) == 1)
        {
            ulong one = 1;
            _ = Libc.write(_eventFd, &one, sizeof(ulong));
        }

        _ = Interlocked.Decrement(ref _wakers);
    }

    /// <summary>Closes both descriptors. Nobody can find the thread asleep any more, so those on their way to the eventfd are the last.</summary>
    public void Dispose()
    {
        if (_epoll < 0)
            return;
        _ = Interlocked.Exchange(ref _asleep, 0);
        var spin = new SpinWait();
        while (Volatile.Read(ref _wakers) != 0)
            spin.SpinOnce(sleep1Threshold: -1);
        CloseDescriptors();
        NativeMemory.AlignedFree(_buffer);
    }

    private void CloseDescriptors()
    {
        if (_eventFd >= 0)
            TcpSocket.Close(_eventFd);
        TcpSocket.Close(_epoll);
        _eventFd = -1;
        _epoll = -1;
    }

    /// <summary>EBADF, EFAULT or EINVAL: the loop's own state is wrong, and no connection on it can be served.</summary>
    private static void ThrowBroken(int errno) => throw new InvalidOperationException($"epoll_wait failed: {Errno.Describe(errno)}.");
}
