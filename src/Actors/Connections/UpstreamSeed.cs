using Akka.Actor;
using TlsGateway.Actors.Settings;
using TlsGateway.Actors.Stalls;

namespace TlsGateway.Actors.Connections;

/// <summary>What an upstream leg begins with. The stall clock is its connection's: both legs run on one loop.</summary>
internal sealed record UpstreamSeed(ConnectionSeed Connection, UpstreamSettings Upstream, StallClock Stalls, IActorRef Downstream)
    : IDataPathMessage;
