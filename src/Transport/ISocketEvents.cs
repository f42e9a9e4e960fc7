namespace TlsGateway.Transport;

/// <summary>
/// Where a loop reports readiness. Called on the loop thread, between work items, once for each time a handle was armed
/// (<see cref="SocketHandle.NotifyReadable"/>). An implementation must only post or tell: it runs inside the loop's event pass.
/// </summary>
public interface ISocketEvents
{
    /// <summary>The socket has bytes, a connection to accept, an end of stream or an error.</summary>
    void OnReadable(SocketHandle handle);

    /// <summary>The socket takes bytes, or its connect has ended, one way or the other.</summary>
    void OnWritable(SocketHandle handle);
}
