using TlsGateway.Transport.Native;
using static TlsGateway.Transport.Native.LinuxConstants;

namespace TlsGateway.Transport;

/// <summary>
/// Makes TCP sockets: non-blocking, close-on-exec, TCP_NODELAY. They are plain descriptors, owned by the caller until
/// <see cref="EventLoop.Register"/> takes them. Any thread.
/// </summary>
public static unsafe class TcpSocket
{
    /// <summary>
    /// Binds and listens. [::] takes IPv4 too. Accepted sockets inherit TCP_NODELAY from the listening one, which saves a call for each connection.
    /// </summary>
    /// <param name="local">Port 0 lets the kernel choose; ask <see cref="LocalEndPoint"/>.</param>
    /// <param name="backlog">listen(2); the kernel caps it at net.core.somaxconn.</param>
    /// <param name="reusePort">SO_REUSEPORT: one socket for each loop, the kernel spreads connections over them.</param>
    /// <exception cref="SocketSetupException">With the address, the cause and what to do.</exception>
    public static int Listen(InetEndPoint local, int backlog, bool reusePort)
    {
        int fd = Create(local);
        if (fd < 0)
            throw SocketSetupException.ForListener("socket", local, Errno.Last);
        if (SetUpListener(fd, local, backlog, reusePort) is not { } failedCall)
            return fd;
        int errno = Errno.Last;
        Close(fd);
        throw SocketSetupException.ForListener(failedCall, local, errno);
    }

    /// <summary>getsockname(2).</summary>
    /// <exception cref="SocketSetupException">Not a socket.</exception>
    public static InetEndPoint LocalEndPoint(int fd)
    {
        byte* address = stackalloc byte[SocketAddress.MaxBytes];
        uint length = SocketAddress.MaxBytes;
        return Libc.getsockname(fd, address, &length) == 0
            ? SocketAddress.Read(address, length)
            : throw SocketSetupException.ForCall($"read the local address of descriptor {fd}", "getsockname", Errno.Last);
    }

    /// <summary>
    /// Takes one connection from the queue. Listeners are edge-triggered: accept until <see cref="AcceptStatus.WouldBlock"/>, or stop earlier and arm
    /// <see cref="SocketHandle.NotifyReadable"/>, which then fires at once. WouldBlock on a listener of the current loop clears its
    /// <see cref="SocketHandle.IsReadable"/>.
    /// </summary>
    public static AcceptResult Accept(int listenFd)
    {
        byte* address = stackalloc byte[SocketAddress.MaxBytes];
        while (true)
        {
            uint length = SocketAddress.MaxBytes;
            int fd = Libc.accept4(listenFd, address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd >= 0)
                return new AcceptResult(fd, SocketAddress.Read(address, length));
            int errno = Errno.Last;
            if (errno == Errno.EINTR)
                continue;
            AcceptStatus status = AcceptFailure(errno);
            if (status == AcceptStatus.WouldBlock)
                EventLoop.Current?.OnListenerDrained(listenFd);
            return new AcceptResult(status, errno);
        }
    }

    /// <summary>
    /// Starts a connection. The outcome of one in progress is <see cref="SocketHandle.TakeSocketError"/> once the socket is writable.
    /// </summary>
    /// <param name="remote">Where to.</param>
    /// <param name="errno">0 (connected) or EINPROGRESS with a descriptor; the reason with -1.</param>
    /// <returns>The descriptor, owned by the caller, or -1.</returns>
    public static int Connect(InetEndPoint remote, out int errno)
    {
        int fd = Create(remote);
        if (fd < 0)
        {
            errno = Errno.Last;
            return -1;
        }

        if (!SetFlag(fd, IPPROTO_TCP, TCP_NODELAY, 1))
            errno = Errno.Last;
        else if (TryConnect(fd, remote, out errno))
            return fd;
        Close(fd);
        return -1;
    }

    /// <summary>Starts a connection on a socket that has none; as <see cref="Connect"/>, but the descriptor stays the caller's.</summary>
    internal static bool TryConnect(int fd, in InetEndPoint remote, out int errno)
    {
        byte* address = stackalloc byte[SocketAddress.MaxBytes];
        uint length = SocketAddress.Write(remote, address);
        errno = Libc.connect(fd, address, length) == 0 ? 0 : Errno.Last;

        // connect(2): interrupted, it goes on by itself, just as one in progress.
        if (errno == Errno.EINTR)
            errno = Errno.EINPROGRESS;
        return errno is 0 or Errno.EINPROGRESS;
    }

    /// <summary>connect(2) with AF_UNSPEC: dissolves a connection; the socket can be connected to another address then, with its options as they are.</summary>
    internal static bool TryDisconnect(int fd)
    {
        byte* address = stackalloc byte[SocketAddress.MaxBytes];
        new Span<byte>(address, SocketAddress.MaxBytes).Clear();
        *(ushort*)address = AF_UNSPEC;
        return Libc.connect(fd, address, SocketAddress.MaxBytes) == 0;
    }

    /// <summary>The peer has acknowledged all that was sent, a FIN included.</summary>
    internal static bool IsAllAcknowledged(int fd)
    {
        int count = 0;
        return Libc.ioctl(fd, SIOCOUTQ, &count) == 0 && count == 0;
    }

    /// <summary>
    /// A last word on a connection that no loop has, then close: as much of <paramref name="lastWords"/> as the socket takes. What the peer has sent so far is
    /// read and dropped first (one buffer of it), since closing over unread bytes is a reset, which may take the last words with it.
    /// </summary>
    public static void SendAndClose(int fd, ReadOnlySpan<byte> lastWords)
    {
        const int Scratch = 4096;
        byte* scratch = stackalloc byte[Scratch];
        _ = Libc.recv(fd, scratch, Scratch, 0);
        fixed (byte* words = lastWords)
            _ = Libc.send(fd, words, (nuint)lastWords.Length, MSG_NOSIGNAL);
        _ = Libc.shutdown(fd, SHUT_WR);
        Close(fd);
    }

    /// <summary>SO_LINGER of zero seconds.</summary>
    internal static void ResetOnClose(int fd)
    {
        int* linger = stackalloc int[2] { 1, 0 };
        _ = Libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, linger, 2 * sizeof(int));
    }

    /// <summary>TCP_QUICKACK, once.</summary>
    internal static void AcknowledgeNow(int fd) => _ = SetFlag(fd, IPPROTO_TCP, TCP_QUICKACK, 1);

    /// <summary>Keepalive and TCP_USER_TIMEOUT. Best effort: without them the connection is as others are.</summary>
    internal static void WatchPeer(int fd, TimeSpan idle, TimeSpan giveUp)
    {
        const int Probes = 3;
        int seconds = Math.Max(1, (int)idle.TotalSeconds);
        _ = SetFlag(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        _ = SetFlag(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
        _ = SetFlag(fd, IPPROTO_TCP, TCP_KEEPINTVL, Math.Max(1, seconds / Probes));
        _ = SetFlag(fd, IPPROTO_TCP, TCP_KEEPCNT, Probes);
        _ = SetFlag(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)giveUp.TotalMilliseconds);
    }

    /// <summary>Closes a descriptor that no loop has. Not repeated on EINTR: Linux has released the number by then.</summary>
    public static void Close(int fd) => _ = Libc.close(fd);

    private static int Create(in InetEndPoint endPoint) =>
        Libc.socket(endPoint.IsIPv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    /// <summary>Returns the call that failed, with its errno still readable, or null.</summary>
    private static string? SetUpListener(int fd, in InetEndPoint local, int backlog, bool reusePort)
    {
        byte* address = stackalloc byte[SocketAddress.MaxBytes];
        uint length = SocketAddress.Write(local, address);
        if (!SetFlag(fd, SOL_SOCKET, SO_REUSEADDR, 1))
            return "setsockopt SO_REUSEADDR";
        if (reusePort && !SetFlag(fd, SOL_SOCKET, SO_REUSEPORT, 1))
            return "setsockopt SO_REUSEPORT";
        if (!SetFlag(fd, IPPROTO_TCP, TCP_NODELAY, 1))
            return "setsockopt TCP_NODELAY";

        // Its default is a sysctl (net.ipv6.bindv6only); [::] means every address here.
        if (!local.IsIPv4 && !SetFlag(fd, IPPROTO_IPV6, IPV6_V6ONLY, local.IsAny ? 0 : 1))
            return "setsockopt IPV6_V6ONLY";
        if (Libc.bind(fd, address, length) != 0)
            return "bind";
        return Libc.listen(fd, backlog) == 0 ? null : "listen";
    }

    private static bool SetFlag(int fd, int level, int name, int value) => Libc.setsockopt(fd, level, name, &value, sizeof(int)) == 0;

    /// <summary>accept(2), "Error handling": errors already pending on the new socket come out here and mean only that connection.</summary>
    private static AcceptStatus AcceptFailure(int errno) =>
        errno switch
        {
            Errno.EAGAIN => AcceptStatus.WouldBlock,
            Errno.ECONNABORTED
            or Errno.EPERM
            or Errno.EPROTO
            or Errno.ENETDOWN
            or Errno.ENOPROTOOPT
            or Errno.EHOSTDOWN
            or Errno.ENONET
            or Errno.EHOSTUNREACH
            or Errno.EOPNOTSUPP
            or Errno.ENETUNREACH => AcceptStatus.Aborted,
            Errno.EMFILE or Errno.ENFILE or Errno.ENOBUFS or Errno.ENOMEM => AcceptStatus.OutOfDescriptors,
            _ => AcceptStatus.Error,
        };
}
