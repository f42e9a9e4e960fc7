using System.Text;
using TlsGateway.Transport.Native;
using static TlsGateway.Transport.Native.LinuxConstants;

namespace TlsGateway.Transport;

/// <summary>Makes Unix stream sockets, as <see cref="TcpSocket"/> does those of TCP: non-blocking, close-on-exec, owned by the caller. Any thread.</summary>
public static unsafe class UnixSocket
{
    /// <summary>sizeof(sockaddr_un.sun_path), with the zero at its end.</summary>
    public const int MaxPathBytes = 108;

    private const int PathOffset = 2;

    /// <summary>Connects; unlike TCP at once or not at all.</summary>
    /// <param name="path">In the file system, at most 107 bytes of UTF-8.</param>
    /// <param name="errno">0, or the reason with -1: ENOENT without a socket there, ECONNREFUSED when nobody listens, EAGAIN when its queue is full.</param>
    /// <returns>The descriptor, or -1.</returns>
    public static int Connect(string path, out int errno)
    {
        const int AddressBytes = PathOffset + MaxPathBytes;
        byte* address = stackalloc byte[AddressBytes];
        new Span<byte>(address, AddressBytes).Clear();
        *(ushort*)address = AF_UNIX;
        if (!Encoding.UTF8.TryGetBytes(path, new Span<byte>(address + PathOffset, MaxPathBytes - 1), out int written))
        {
            errno = Errno.ENAMETOOLONG;
            return -1;
        }

        int fd = Libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd >= 0 && Libc.connect(fd, address, (uint)(PathOffset + written + 1)) == 0)
        {
            errno = 0;
            return fd;
        }

        errno = Errno.Last;
        if (fd >= 0)
            TcpSocket.Close(fd);
        return -1;
    }
}
