namespace TlsGateway.Actors.Settings;

/// <summary>One validated, immutable generation of the whole configuration. Connections keep the generation they began with.</summary>
public sealed record GatewaySettings
{
    /// <summary>1 for the configuration read at start, one more with each reload that was accepted.</summary>
    public required int Generation { get; init; }

    public required IReadOnlyList<ListenerSettings> Listeners { get; init; }

    /// <summary>For all listeners' connections together.</summary>
    public LimitSettings Limits { get; init; } = LimitSettings.None;

    public ClientLimitSettings ClientLimits { get; init; } = ClientLimitSettings.None;

    /// <summary>For each client network over the whole fleet: <see cref="LimitSettings.Connections"/> and <see cref="LimitSettings.HandshakeRate"/>.</summary>
    public ClientLimitSettings FleetClientLimits { get; init; } = ClientLimitSettings.None;

    public MemorySettings Memory { get; init; } = new();
}
