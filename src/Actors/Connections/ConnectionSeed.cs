using TlsGateway.Actors.Limits;
using TlsGateway.Actors.Listeners;
using TlsGateway.Actors.Metrics;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

/// <summary>
/// What a connection begins with. <paramref name="Socket"/>, a reference to <paramref name="Generation"/> and a place in <paramref name="Counters"/> are owned
/// by the connection from here on.
/// </summary>
internal sealed record ConnectionSeed(
    LoopContext Loop,
    ListenerGeneration Generation,
    ListenerCounters Counters,
    SocketHandle Socket,
    InetEndPoint Peer,
    int LocalPort,
    ConnectionLimits? Limits
) : IDataPathMessage, IDisposable
{
    /// <summary>Gives them back, and counts the end.</summary>
    public void Release(CloseReason reason)
    {
        Socket.Close();
        Generation.Leave();
        Counters.CountClosed(reason);
        Counters.Ended();
        Limits?.Leave();
        Loop.Resources.Ended();
    }

    /// <summary>For a connection that never began: its actor was stopped first.</summary>
    public void Dispose() => Release(CloseReason.Stopped);
}
