namespace TlsGateway.Transport;

/// <summary>How an accept ended.</summary>
public enum AcceptStatus : byte
{
    Ok,

    /// <summary>The queue is empty; the next connection makes an edge.</summary>
    WouldBlock,

    /// <summary>That one connection had died in the queue (ECONNABORTED and the network errors of accept(2)): go on with the next.</summary>
    Aborted,

    /// <summary>EMFILE, ENFILE, ENOBUFS, ENOMEM. The connection stays queued and no edge will tell of it again: try later, by a timer.</summary>
    OutOfDescriptors,

    /// <summary>The listening socket is unusable.</summary>
    Error,
}
