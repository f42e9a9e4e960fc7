using TlsGateway.Transport.Native;

namespace TlsGateway.Transport;

/// <summary>A socket, or the loop's own descriptors, could not be set up. The message is for an operator: what failed, where, and what to do.</summary>
public sealed class SocketSetupException : IOException
{
    private SocketSetupException(string message, int errno, InetEndPoint? endPoint)
        : base(message)
    {
        Errno = errno;
        EndPoint = endPoint;
    }

    /// <summary>errno of the call that failed.</summary>
    public int Errno { get; }

    /// <summary>The address it was about; null for the loop's own descriptors.</summary>
    public InetEndPoint? EndPoint { get; }

    internal static SocketSetupException ForListener(string call, in InetEndPoint local, int errno) =>
        new($"Cannot listen on {local}: {Reason(call, errno)}. {Advice(local, errno)}", errno, local);

    internal static SocketSetupException ForCall(string what, string call, int errno) =>
        new($"Cannot {what}: {Reason(call, errno)}. {Advice(default, errno)}", errno, endPoint: null);

    private static string Reason(string call, int errno) => $"{call}: {Native.Errno.Describe(errno)} ({Native.Errno.Name(errno)})";

    private static string Advice(in InetEndPoint local, int errno) =>
        errno switch
        {
            Native.Errno.EADDRINUSE =>
                $"Another socket listens on port {local.Port}; find it with `ss -ltnp 'sport = :{local.Port}'` and stop it, or configure another port.",
            Native.Errno.EACCES or Native.Errno.EPERM =>
                $"Port {local.Port} needs a privilege; choose a port from 1024 up, grant CAP_NET_BIND_SERVICE, or lower net.ipv4.ip_unprivileged_port_start.",
            Native.Errno.EADDRNOTAVAIL => "This host has no such address; see `ip address`, or bind to 0.0.0.0 or [::] for all of them.",
            Native.Errno.EAFNOSUPPORT => "This host has that address family switched off; for IPv6, bind to 0.0.0.0 instead of [::].",
            Native.Errno.EMFILE or Native.Errno.ENFILE =>
                "File descriptors have run out; raise the limit (`ulimit -n`, LimitNOFILE, fs.file-max) or lower the number of connections.",
            Native.Errno.ENOMEM or Native.Errno.ENOBUFS =>
                "The kernel is out of memory for sockets; see net.ipv4.tcp_mem and the memory limit.",
            _ => "The kernel refused the call; see its manual page for this error.",
        };
}
