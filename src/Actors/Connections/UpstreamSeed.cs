using Akka.Actor;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.ProxyProtocol;
using TlsGateway.Actors.Stalls;

namespace TlsGateway.Actors.Connections;

/// <summary>What an upstream leg begins with. The stall clock is its connection's: both legs run on one loop.</summary>
/// <param name="Connection">Of the other leg.</param>
/// <param name="Upstream">Whereto the route leads.</param>
/// <param name="Key">What an endpoint is chosen by where hashing chooses.</param>
/// <param name="Header">What the upstream is told of the client first; null: nothing.</param>
/// <param name="Stalls">Of the connection.</param>
/// <param name="Downstream">The other leg.</param>
internal sealed record UpstreamSeed(
    ConnectionSeed Connection,
    Upstream Upstream,
    ulong Key,
    ProxyHeader? Header,
    StallClock Stalls,
    IActorRef Downstream
) : IDataPathMessage;
