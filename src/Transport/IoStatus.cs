namespace TlsGateway.Transport;

/// <summary>How a receive or a send on a socket ended.</summary>
public enum IoStatus : byte
{
    /// <summary>Bytes moved; fewer than offered means that the socket gives or takes no more for now.</summary>
    Ok,

    /// <summary>EAGAIN: nothing moved, wait for readiness.</summary>
    WouldBlock,

    /// <summary>The peer has sent FIN and all it sent before has been received.</summary>
    Eof,

    /// <summary>The peer or the network ended the connection: ECONNRESET, EPIPE, ETIMEDOUT, EHOSTUNREACH and their kin.</summary>
    Reset,

    /// <summary>Anything else; a fault of this host or of the caller (EBADF after <see cref="SocketHandle.Close"/>).</summary>
    Error,
}
