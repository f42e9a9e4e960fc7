using Akka.Cluster;

namespace TlsGateway.Fleet.Protocol;

/// <summary>Goes between members, in the form of <see cref="FleetSerializer"/>.</summary>
public interface IFleetMessage;

/// <summary>How much a member has to do. Once a second, to all.</summary>
/// <param name="Member">Whose.</param>
/// <param name="Sequence">Of its incarnation, from 1.</param>
/// <param name="Connections">Open.</param>
/// <param name="HandshakesPerSecond">In the last second or so.</param>
/// <param name="LoopDelay">From readiness to service, the worst of its loops.</param>
/// <param name="IsDraining">It takes no more.</param>
/// <param name="KeysVersion">Of the newest set of ticket keys that it opens tickets with; 0: none.</param>
/// <param name="Stalled">Connections stalled now.</param>
public sealed record MemberLoad(
    UniqueAddress Member,
    long Sequence,
    long Connections,
    double HandshakesPerSecond,
    TimeSpan LoopDelay,
    bool IsDraining,
    long KeysVersion,
    StalledConnections Stalled
) : IFleetMessage
{
    /// <summary>Connections that came to it and are served by other members.</summary>
    public long Relayed { get; init; }
}

/// <summary>Connections stalled now, by whose fault.</summary>
public readonly record struct StalledConnections(long Client, long Upstream, long Self);

/// <summary>What a member is and serves. To all when it changes, and now and then.</summary>
/// <param name="Member">Whose.</param>
/// <param name="Sequence">Of its incarnation, from 1.</param>
public sealed record MemberDetails(UniqueAddress Member, long Sequence, LocalDetails About) : IFleetMessage;

/// <summary>How many connections would you take? From a member that has too much, to one that is lighter. Answered with <see cref="RoomAnswer"/>.</summary>
/// <param name="Member">Who asks.</param>
/// <param name="Weight">Its weight.</param>
/// <param name="Wanted">At most so many, from 1.</param>
public sealed record RoomQuestion(UniqueAddress Member, double Weight, int Wanted) : IFleetMessage;

/// <param name="Member">Who answers.</param>
/// <param name="Granted">Connections that it takes in the next moment; 0: none.</param>
/// <param name="Relay">Of its relay port.</param>
public sealed record RoomAnswer(UniqueAddress Member, int Granted, Settings.FleetAddress Relay) : IFleetMessage;

/// <summary>A member is about to end: close what it relays to you. To all.</summary>
/// <param name="Member">Which.</param>
public sealed record RelaysEnd(UniqueAddress Member) : IFleetMessage;

/// <summary>A member drains: close some of what it relays to you and is idle, the longest idle first. To each that serves some, again and again.</summary>
/// <param name="Member">Which.</param>
/// <param name="Count">At most so many, from 1.</param>
/// <param name="Idle">Nothing has happened on them for so long.</param>
public sealed record CloseIdleRelays(UniqueAddress Member, int Count, TimeSpan Idle) : IFleetMessage;

/// <summary>A message of a version that this one does not know: dropped.</summary>
/// <param name="Manifest">As it came.</param>
public sealed record UnknownMessage(string Manifest) : IFleetMessage;

/// <summary>Is there a fleet already? Answered with <see cref="FormationAnswer"/>.</summary>
public sealed record FormationQuestion : IFleetMessage
{
    public static FormationQuestion Instance { get; } = new();
}

/// <param name="Members">Members that are up; none: not in a fleet itself.</param>
public sealed record FormationAnswer(IReadOnlyList<Akka.Actor.Address> Members) : IFleetMessage;
