namespace TlsGateway.Actors.Limits;

/// <summary>What client networks have at one member of a fleet, for the others to count. Networks with little of it are not in it.</summary>
/// <param name="IPv4Prefix">Bits of an IPv4 address that make a network.</param>
/// <param name="IPv6Prefix">Bits of an IPv6 address.</param>
/// <param name="Networks">At most <see cref="FleetClients.MostTold"/>.</param>
public sealed record ClientUse(int IPv4Prefix, int IPv6Prefix, IReadOnlyList<NetworkUse> Networks)
{
    /// <summary>Their networks are cut as ours, so that they can be added up.</summary>
    public bool FitsWith(ClientUse other) => IPv4Prefix == other.IPv4Prefix && IPv6Prefix == other.IPv6Prefix;
}

/// <summary>What one client network has.</summary>
/// <param name="Network">Its first address, IPv4 mapped (RFC 4291 §2.5.5.2).</param>
/// <param name="Connections">Open.</param>
/// <param name="Handshakes">Full ones since this was said last.</param>
public readonly record struct NetworkUse(UInt128 Network, int Connections, int Handshakes);
