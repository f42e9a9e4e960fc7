namespace TlsGateway.Actors.Settings;

/// <summary>Whereto a listener relays.</summary>
public sealed record UpstreamSettings
{
    /// <summary>The operator's name for it; the metric label.</summary>
    public required string Name { get; init; }

    /// <summary>Of a connection one after the other is tried while no byte was sent. Never empty.</summary>
    public required IReadOnlyList<EndpointSettings> Endpoints { get; init; }

    public BalanceAlgorithm Balance { get; init; }

    /// <summary>Sent before anything else, on every connection.</summary>
    public ProxyProtocolVersion ProxyProtocol { get; init; }

    /// <summary>Endpoints that one connection tries at most.</summary>
    public int ConnectAttempts { get; init; } = 8;

    /// <summary>For connecting to one endpoint.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
