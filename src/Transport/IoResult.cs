using TlsGateway.Transport.Native;

namespace TlsGateway.Transport;

/// <summary>What a receive or a send did.</summary>
public readonly struct IoResult
{
    private IoResult(int bytes, IoStatus status, int errno)
    {
        Bytes = bytes;
        Status = status;
        Errno = errno;
    }

    /// <summary>Bytes moved; 0 unless <see cref="Status"/> is <see cref="IoStatus.Ok"/>.</summary>
    public int Bytes { get; }

    public IoStatus Status { get; }

    /// <summary>errno of the call, 0 if it succeeded.</summary>
    public int Errno { get; }

    /// <summary>errno's text, for logs.</summary>
    public string Describe() => Errno == 0 ? Status.ToString() : Native.Errno.Describe(Errno);

    internal static IoResult Ok(int bytes) => new(bytes, IoStatus.Ok, 0);

    internal static IoResult Eof => new(0, IoStatus.Eof, 0);

    internal static IoResult Closed => new(0, IoStatus.Error, Native.Errno.EBADF);

    internal static IoResult Failed(int errno)
    {
        if (errno == Native.Errno.EAGAIN)
            return new(0, IoStatus.WouldBlock, errno);
        return new(0, Native.Errno.IsConnectionLost(errno) ? IoStatus.Reset : IoStatus.Error, errno);
    }
}
