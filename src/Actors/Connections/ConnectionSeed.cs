using TlsGateway.Actors.Listeners;
using TlsGateway.Actors.Metrics;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

/// <summary>What a connection begins with. <paramref name="Socket"/> is owned by the connection from here on.</summary>
internal sealed record ConnectionSeed(
    LoopContext Loop,
    ListenerGeneration Generation,
    ListenerCounters Counters,
    SocketHandle Socket,
    InetEndPoint Peer
);
