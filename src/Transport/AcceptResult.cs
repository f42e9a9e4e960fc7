namespace TlsGateway.Transport;

/// <summary>What <see cref="TcpSocket.Accept"/> did.</summary>
public readonly struct AcceptResult
{
    internal AcceptResult(int fd, InetEndPoint peer)
    {
        Fd = fd;
        Peer = peer;
        Status = AcceptStatus.Ok;
    }

    internal AcceptResult(AcceptStatus status, int errno)
    {
        Fd = -1;
        Status = status;
        Errno = errno;
    }

    /// <summary>The connection, owned by the caller; -1 unless <see cref="Status"/> is <see cref="AcceptStatus.Ok"/>.</summary>
    public int Fd { get; }

    public InetEndPoint Peer { get; }

    public AcceptStatus Status { get; }

    /// <summary>errno of accept4(2), 0 if it succeeded.</summary>
    public int Errno { get; }
}
