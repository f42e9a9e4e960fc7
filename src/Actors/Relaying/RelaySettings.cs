using System.Net;

namespace TlsGateway.Actors.Relaying;

/// <summary>How connections go between members.</summary>
public sealed record RelaySettings
{
    /// <summary>Where other members hand over connections.</summary>
    public required IPEndPoint Bind { get; init; }

    /// <summary>This member, as it is known in the fleet.</summary>
    public required string Self { get; init; }

    public required RelayKeyRing Keys { get; init; }

    /// <summary>Where connections that are accepted here go.</summary>
    public required IRelayPlacement Placement { get; init; }

    /// <summary>For the whole of connecting and handing over: after it the connection is served here.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Nothing heard of the other member for so long: its kernel is asked whether it is there.</summary>
    public TimeSpan PeerIdle { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Nothing acknowledged by the other member for so long: the connection is given up.</summary>
    public TimeSpan PeerGone { get; init; } = TimeSpan.FromSeconds(30);
}
