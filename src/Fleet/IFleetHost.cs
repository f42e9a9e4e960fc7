using TlsGateway.Actors.Limits;
using TlsGateway.Fleet.Protocol;
using TlsGateway.Fleet.TicketKeys;

namespace TlsGateway.Fleet;

/// <summary>The gateway around a member: says how it is, and takes what the fleet shares. Any thread; quick.</summary>
public interface IFleetHost
{
    /// <summary>How much there is to do now.</summary>
    LocalLoad ReadLoad();

    /// <summary>What it is and serves now.</summary>
    LocalDetails ReadDetails();

    /// <summary>The newest fleet key that sealed here, to begin a fleet anew with; null: none did.</summary>
    FleetKey? InheritedKey { get; }

    /// <summary>Ticket keys of the fleet, from here on. The caller keeps nothing of them.</summary>
    void UseKeys(FleetKeySet keys);

    /// <summary>Connections that it can take now.</summary>
    long Room { get; }

    /// <summary>Close what this member relays here: it is about to end.</summary>
    /// <param name="origin">The member, as it advertises itself.</param>
    void CloseRelayed(string origin);

    /// <summary>Close some of what this member relays here and is idle: it drains.</summary>
    /// <param name="origin">The member, as it advertises itself.</param>
    /// <param name="count">At most so many, 1 or more.</param>
    /// <param name="idle">Those on which nothing has happened for so long, the longest first.</param>
    void CloseIdleRelayed(string origin, int count, TimeSpan idle);

    /// <summary>Close connections, so that their clients come to members with more room.</summary>
    /// <param name="count">At most so many, 1 or more.</param>
    /// <param name="idle">Those on which nothing has happened for so long, the longest first.</param>
    /// <param name="old">Then those that have been open for so long, the oldest first; null: not those.</param>
    void Retire(int count, TimeSpan idle, TimeSpan? old);

    /// <summary>The keys' version that tickets are opened with; 0: none of a fleet's.</summary>
    long KeysVersion { get; }

    /// <summary>Where limits of client networks over the whole fleet are kept; null: there are none.</summary>
    IFleetClients? Clients => null;
}

/// <param name="Connections">Open.</param>
/// <param name="HandshakesPerSecond">Since the last look.</param>
/// <param name="LoopDelay">The worst of the loops.</param>
/// <param name="IsDraining">It takes no more.</param>
/// <param name="Stalled">Connections stalled now.</param>
public readonly record struct LocalLoad(
    long Connections,
    double HandshakesPerSecond,
    TimeSpan LoopDelay,
    bool IsDraining,
    StalledConnections Stalled
)
{
    /// <summary>Connections that came here and are served by other members.</summary>
    public long Relayed { get; init; }
}
