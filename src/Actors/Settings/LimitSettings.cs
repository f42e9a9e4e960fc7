namespace TlsGateway.Actors.Settings;

/// <summary>What connections of one scope (all of them, a listener's, a client network's) may take together. 0 is no limit, everywhere.</summary>
public sealed record LimitSettings
{
    /// <summary>No limit at all.</summary>
    public static LimitSettings None { get; } = new();

    /// <summary>Open at once.</summary>
    public int Connections { get; init; }

    /// <summary>Accepted per second; a second's worth may come at once.</summary>
    public int ConnectionRate { get; init; }

    /// <summary>Full TLS handshakes per second; resumed ones cost little and are given back.</summary>
    public int HandshakeRate { get; init; }

    /// <summary>Bytes per second from clients, on the wire.</summary>
    public long ReceiveRate { get; init; }

    /// <summary>Bytes per second to clients, on the wire.</summary>
    public long SendRate { get; init; }

    /// <summary>There is a limit.</summary>
    public bool IsAny => this != None;
}

/// <summary>Limits that hold for each client network by itself.</summary>
public sealed record ClientLimitSettings
{
    public static ClientLimitSettings None { get; } = new();

    public LimitSettings Limits { get; init; } = LimitSettings.None;

    /// <summary>Bits of an IPv4 address that make a network, 1 to 32.</summary>
    public int IPv4Prefix { get; init; } = 32;

    /// <summary>Bits of an IPv6 address, 1 to 128. A home gets a /56 or a /64.</summary>
    public int IPv6Prefix { get; init; } = 64;
}
