using TlsGateway.Actors.Limits;
using TlsGateway.Actors.Listeners;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Relaying;
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
    /// <summary>Another member accepted it, and relays it; null: it was accepted here.</summary>
    public RelayRequest? Relayed { get; init; }

    /// <summary>Another member serves it from here on: it is none of this gateway's own any more, but for its socket and its places in the limits (<see cref="LeaveRelayed"/>).</summary>
    public void HandOver()
    {
        Generation.Leave();
        Counters.CountClosed(CloseReason.Relayed);
        Counters.Ended();
        Limits?.LeaveFleet();
    }

    /// <summary>Gives back what <see cref="HandOver"/> left, but for the socket.</summary>
    public void LeaveRelayed()
    {
        Limits?.Leave();
        Loop.Resources.Ended();
    }

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
