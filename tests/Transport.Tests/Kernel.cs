using System.Runtime.InteropServices;

namespace TlsGateway.Transport.Tests;

/// <summary>What the tests ask of the kernel besides the code under test.</summary>
internal static unsafe class Kernel
{
    private const short POLLIN = 1;
    private const int RLIMIT_NOFILE = 7;

    public static void WaitUntilReadable(int fd)
    {
        var poll = new PollFd { Fd = fd, Events = POLLIN };
        Assert.Equal(1, Poll(&poll, 1, (int)TestLoop.Patience.TotalMilliseconds));
    }

    /// <summary>Runs code while the process can open no further descriptor. It must have run before, so that nothing has to be loaded.</summary>
    public static T WithoutDescriptors<T>(Func<T> code)
    {
        ulong* saved = stackalloc ulong[2];
        Assert.Equal(0, GetRLimit(RLIMIT_NOFILE, saved));
        ulong* none = stackalloc ulong[] { 0, saved[1] };
        try
        {
            _ = SetRLimit(RLIMIT_NOFILE, none);
            return code();
        }
        finally
        {
            _ = SetRLimit(RLIMIT_NOFILE, saved);
        }
    }

    /// <summary>The process's sockets, epoll sets and eventfds, as the kernel lists them.</summary>
    public static int CountDescriptors()
    {
        int count = 0;
        foreach (string path in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            string? target = new FileInfo(path).LinkTarget;
            if (target is not null && (target.StartsWith("socket:") || target.Contains("eventpoll") || target.Contains("eventfd")))
                count++;
        }

        return count;
    }

    /// <summary>TCP_NODELAY is set.</summary>
    public static bool HasNoDelay(int fd)
    {
        const int IPPROTO_TCP = 6;
        const int TCP_NODELAY = 1;
        int value = 0;
        uint length = sizeof(int);
        Assert.Equal(0, GetSockOpt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &length));
        return value != 0;
    }

    [DllImport("libc", EntryPoint = "getsockopt")]
    private static extern int GetSockOpt(int fd, int level, int name, int* value, uint* length);

    [DllImport("libc", EntryPoint = "poll")]
    private static extern int Poll(PollFd* fds, nuint count, int timeoutMillis);

    [DllImport("libc", EntryPoint = "getrlimit")]
    private static extern int GetRLimit(int resource, ulong* limit);

    [DllImport("libc", EntryPoint = "setrlimit")]
    private static extern int SetRLimit(int resource, ulong* limit);

    private struct PollFd
    {
        public int Fd;
        public short Events;
        public short Revents;
    }
}
