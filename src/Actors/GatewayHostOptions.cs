using System.Net;
using Microsoft.Extensions.Logging;
using TlsGateway.Actors.Events;
using TlsGateway.Actors.Health;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Names;
using TlsGateway.Actors.Relaying;

namespace TlsGateway.Actors;

/// <summary>What the host needs besides its settings.</summary>
public sealed record GatewayHostOptions
{
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Client connections that there are file descriptors for; further ones are refused.</summary>
    public long MaxConnections { get; init; } = long.MaxValue;

    /// <summary>Looks the host names of endpoints up again; null: what they stood for at first stays.</summary>
    public IHostResolver? Resolver { get; init; }

    /// <summary>How connections go between members of a fleet; null: none do.</summary>
    public RelaySettings? Relays { get; init; }

    /// <summary>Other gateways that check the same endpoints; null: there are none.</summary>
    public ISharedChecks? SharedChecks { get; init; }

    /// <summary>Which connections become traces; null: none.</summary>
    public TracingSettings? Tracing { get; init; }

    /// <summary>Where the loops' counts are shown; null: the host makes its own.</summary>
    public GatewayMetrics? Metrics { get; init; }
}

/// <summary>A listener with the address it really has.</summary>
public sealed record BoundListener(string Name, IPEndPoint EndPoint);
