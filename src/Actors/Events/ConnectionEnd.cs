using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.Hello;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Events;

/// <summary>All that one client's connection was, told when it has ended. Immutable; any thread.</summary>
public sealed record ConnectionEnd
{
    public required ConnectionId Id { get; init; }

    public required string Listener { get; init; }

    /// <summary>Of the configuration that it went by.</summary>
    public required int Generation { get; init; }

    public required InetEndPoint Peer { get; init; }

    public required int LocalPort { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset Began { get; init; }

    public required TimeSpan Duration { get; init; }

    public required TlsEngine Engine { get; init; }

    /// <summary>Null: the handshake was not finished, or TLS passed through.</summary>
    public TlsSessionInfo? Negotiated { get; init; }

    /// <summary>Null: none came.</summary>
    public ClientHello? Hello { get; init; }

    /// <summary>Null: none was shown.</summary>
    public TlsPeerCertificate? ClientCertificate { get; init; }

    /// <summary>From accept to the end of the handshake; null: it was not finished, or was the upstream's.</summary>
    public TimeSpan? Handshake { get; init; }

    /// <summary>From accept to the whole ClientHello; null: none came.</summary>
    public TimeSpan? HelloAfter { get; init; }

    /// <summary>From accept to the choice of its route, for good; null: there was none.</summary>
    public TimeSpan? RoutedAfter { get; init; }

    /// <summary>From accept to the connection with the endpoint; null: there was none.</summary>
    public TimeSpan? ConnectedAfter { get; init; }

    /// <summary>Of the handshake, the engine's part and that of look-ups.</summary>
    public TimeSpan HandshakeEngine { get; init; }

    public TimeSpan HandshakeLookUp { get; init; }

    /// <summary>Names; "" for what it did not come to.</summary>
    public string Route { get; init; } = "";

    public string Upstream { get; init; } = "";

    public string Endpoint { get; init; } = "";

    /// <summary>Of TLS with the endpoint; null: none.</summary>
    public TlsSessionInfo? UpstreamNegotiated { get; init; }

    /// <summary>On the client's socket.</summary>
    public long ReceivedBytes { get; init; }

    public long SentBytes { get; init; }

    public long ReceivedRecords { get; init; }

    public long SentRecords { get; init; }

    public int Rehandshakes { get; init; }

    public int KeyUpdatesReceived { get; init; }

    /// <summary>By whose fault it could not go on. Each instant counts once.</summary>
    public TimeSpan StalledByClient { get; init; }

    public TimeSpan StalledByUpstream { get; init; }

    public TimeSpan StalledBySelf { get; init; }

    /// <summary>The longest stall; of no time when there was none of a millisecond.</summary>
    public StallSpan LongestStall { get; init; }

    /// <summary>The latest stalls of ten milliseconds at least, and how long after accept each began.</summary>
    public IReadOnlyList<(StallKey Key, TimeSpan After, TimeSpan Duration)> Stalls { get; init; } = [];

    public required CloseReason Reason { get; init; }

    /// <summary>The fatal alert that ended it, AlertDescription; -1: none.</summary>
    public int Alert { get; init; } = -1;

    /// <summary>Whether the client sent that alert.</summary>
    public bool IsAlertReceived { get; init; }

    /// <summary>What the engine says of a failure; "": nothing.</summary>
    public string Detail { get; init; } = "";

    /// <summary>SNI, or "".</summary>
    public string ServerName => Hello?.ServerName ?? "";

    public Fault Fault => CloseReasonFaults.FaultOf(Reason);
}
