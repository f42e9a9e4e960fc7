using Akka.Actor;
using TlsGateway.Actors.Routing;
using TlsGateway.Actors.Usage;

namespace TlsGateway.Actors.Inspection;

/// <summary>Which connections are asked for. Null: any.</summary>
/// <param name="Listener">Its name.</param>
/// <param name="IsStalled">Stalled now, or not.</param>
/// <param name="Clients">Networks, the client's address in one of them.</param>
/// <param name="ServerName">A part of the name that the client asked for (SNI), in any case.</param>
public sealed record ConnectionFilter(
    string? Listener = null,
    bool? IsStalled = null,
    PrefixTable? Clients = null,
    string? ServerName = null
);

/// <summary>What the first of a list of connections have most of.</summary>
public enum ConnectionSort
{
    /// <summary>How long the present stall has run.</summary>
    Stall,

    /// <summary>Stalled in all.</summary>
    Stalled,

    /// <summary>Bytes received and sent.</summary>
    Bytes,

    /// <summary>Time since accept.</summary>
    Age,
}

/// <summary>Some connections, in the order of their ids.</summary>
/// <param name="Connections">Those asked for.</param>
/// <param name="Next">Ask again after this one; null: there are no more.</param>
public sealed record ConnectionPage(IReadOnlyList<ConnectionSnapshot> Connections, ConnectionId? Next);

/// <summary>Some of the connections that have something, those with the most of it first.</summary>
/// <param name="Connections">Those asked for, but for the ones that ended while they were looked for.</param>
/// <param name="Total">All that have something of it.</param>
public sealed record RankedConnections(IReadOnlyList<ConnectionSnapshot> Connections, int Total);

/// <summary>What an operator can have done to one connection.</summary>
public enum ConnectionOrder
{
    /// <summary>Renew its keys: renegotiation on TLS 1.2, KeyUpdate on TLS 1.3.</summary>
    Rehandshake,

    /// <summary>Ask the client for its certificate: renegotiation on TLS 1.2, post-handshake authentication on TLS 1.3.</summary>
    StepUp,

    /// <summary>Send what is owed and close_notify, then close.</summary>
    Close,
}

/// <summary>What came of an order.</summary>
public enum OrderOutcome
{
    /// <summary>Begun; what comes of it is for the client too.</summary>
    Accepted,

    /// <summary>No such connection (any more).</summary>
    NotFound,

    /// <summary>Not possible on this connection or not now; the detail says why. The connection goes on.</summary>
    Refused,
}

/// <summary>An order's outcome with its reason.</summary>
public sealed record OrderAnswer(OrderOutcome Outcome, string Detail) : INoSerializationVerificationNeeded
{
    public static OrderAnswer Accepted { get; } = new(OrderOutcome.Accepted, "");

    public static OrderAnswer NotFound { get; } = new(OrderOutcome.NotFound, "no such connection: it has ended, or never was");

    public static OrderAnswer Refused(string detail) => new(OrderOutcome.Refused, detail);
}

/// <summary>Messages to a loop's supervisor; all stay in the process. Answers but those to orders come as <see cref="Timed{T}"/>.</summary>
internal static class InspectionProtocol
{
    /// <summary>An answer, and how long the loop took for it.</summary>
    internal sealed record Timed<T>(T Answer, long Nanos) : INoSerializationVerificationNeeded;

    /// <summary>Answered with <see cref="ConnectionPage"/>: at most <paramref name="Limit"/> connections above a number, out of a bounded look.</summary>
    internal sealed record List(ConnectionFilter Filter, long After, int Limit) : INoSerializationVerificationNeeded;

    /// <summary>How much of something each connection above a number has, out of a bounded look. Answered with <see cref="Ranked"/>.</summary>
    internal sealed record Rank(ConnectionFilter Filter, ConnectionSort Sort, long After) : INoSerializationVerificationNeeded;

    /// <param name="Keys">Of those that have something of it; the asker's own.</param>
    /// <param name="Next">Go on after this one; null: all have been looked at.</param>
    internal sealed record Ranked(List<RankKey> Keys, long? Next) : INoSerializationVerificationNeeded;

    /// <summary>Answered with <see cref="ConnectionPage"/>: those of these numbers, <see cref="LoopInspection.MaxDescribed"/> at most, that are still there.</summary>
    internal sealed record Describe(IReadOnlyList<long> Numbers) : INoSerializationVerificationNeeded;

    /// <summary>Who does what, and how long the connections above a number, out of a bounded look, have been stalled. Answered with <see cref="UsageAnswer"/>.</summary>
    internal sealed record AskUsage(long After) : INoSerializationVerificationNeeded;

    /// <param name="Counts">By the number of their question; a key may come more than once. All but the stalls of open connections come with the first part.</param>
    /// <param name="Next">Ask again after this one; null: that was all.</param>
    internal sealed record UsageAnswer(IReadOnlyList<IReadOnlyList<UsageCount>> Counts, long? Next) : INoSerializationVerificationNeeded;

    /// <summary>Answered with <see cref="Found"/>.</summary>
    internal sealed record Find(long Number) : INoSerializationVerificationNeeded;

    internal sealed record Found(ConnectionSnapshot? Connection) : INoSerializationVerificationNeeded;

    /// <summary>Answered with <see cref="OrderAnswer"/>, by the connection itself when there is one.</summary>
    internal sealed record Order(long Number, ConnectionOrder What) : INoSerializationVerificationNeeded;
}
