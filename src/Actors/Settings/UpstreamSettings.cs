using System.Net;

namespace TlsGateway.Actors.Settings;

/// <summary>Whereto a listener relays.</summary>
public sealed record UpstreamSettings
{
    /// <summary>The operator's name for it; the metric label.</summary>
    public required string Name { get; init; }

    /// <summary>Resolved addresses in the resolver's order; tried one after the other while no byte was sent. Never empty.</summary>
    public required IReadOnlyList<IPEndPoint> Addresses { get; init; }

    /// <summary>For connecting, all addresses together.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
