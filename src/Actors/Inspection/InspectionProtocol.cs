using Akka.Actor;

namespace TlsGateway.Actors.Inspection;

/// <summary>Which connections are asked for. Null: any.</summary>
/// <param name="Listener">Its name.</param>
/// <param name="IsStalled">Stalled now, or not.</param>
public sealed record ConnectionFilter(string? Listener = null, bool? IsStalled = null);

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

/// <summary>Messages to a loop's supervisor; all stay in the process.</summary>
internal static class InspectionProtocol
{
    /// <summary>Answered with <see cref="ConnectionPage"/>: at most <paramref name="Limit"/> connections above a number, out of a bounded look.</summary>
    internal sealed record List(ConnectionFilter Filter, long After, int Limit) : INoSerializationVerificationNeeded;

    /// <summary>As <see cref="List"/>, of a bounded look those with the highest keys, and higher ones than <paramref name="Floor"/> only. Answered with <see cref="Ranked"/>.</summary>
    internal sealed record Top(ConnectionFilter Filter, ConnectionSort Sort, long After, int Limit, long Floor)
        : INoSerializationVerificationNeeded;

    /// <param name="Connections">With their keys, in no order.</param>
    /// <param name="Next">Go on after this one; null: all have been looked at.</param>
    internal sealed record Ranked(IReadOnlyList<(long Key, ConnectionSnapshot Connection)> Connections, long? Next)
        : INoSerializationVerificationNeeded;

    /// <summary>Answered with <see cref="Found"/>.</summary>
    internal sealed record Find(long Number) : INoSerializationVerificationNeeded;

    internal sealed record Found(ConnectionSnapshot? Connection) : INoSerializationVerificationNeeded;

    /// <summary>Answered with <see cref="OrderAnswer"/>, by the connection itself when there is one.</summary>
    internal sealed record Order(long Number, ConnectionOrder What) : INoSerializationVerificationNeeded;
}
