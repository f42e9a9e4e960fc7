using System.Net;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.Hello;

namespace TlsGateway.Actors.Inspection;

/// <summary>One connection at one instant, as its loop saw it.</summary>
public sealed record ConnectionSnapshot
{
    public required ConnectionId Id { get; init; }

    public required string Listener { get; init; }

    /// <summary>Of the configuration that it began with.</summary>
    public required int Generation { get; init; }

    public required IPEndPoint Peer { get; init; }

    /// <summary>The member of the fleet that accepted it and relays it; null: it was accepted here.</summary>
    public string? RelayedFrom { get; init; }

    /// <summary>Phase of the session machine in snake case: peeking_hello, handshaking, open, draining, shutting_down, closed.</summary>
    public required string Phase { get; init; }

    /// <summary>Since accept.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>Since a byte last moved, or the last sign of life.</summary>
    public required TimeSpan Idle { get; init; }

    public required TlsEngine Engine { get; init; }

    /// <summary>Null until the first handshake is over.</summary>
    public TlsSessionInfo? Session { get; init; }

    /// <summary>Null when the client showed none.</summary>
    public TlsPeerCertificate? ClientCertificate { get; init; }

    /// <summary>Null before it came.</summary>
    public ClientHello? Hello { get; init; }

    /// <summary>As the client sent it; "" without one or before the hello.</summary>
    public string ServerName => Hello?.ServerName ?? "";

    /// <summary>Fingerprints of the ClientHello; "" before it came. Made when they are asked for: the digests cost more than all the rest.</summary>
    public string Ja3 => Hello is null ? "" : ClientFingerprint.Ja3(Hello);

    public string Ja4 => Hello is null ? "" : ClientFingerprint.Ja4(Hello);

    /// <summary>Which calls wait for which direction, as in Rescorla's article: <c>write_blocked_on_read</c> and its siblings.</summary>
    public IReadOnlyList<string> Blocked { get; init; } = [];

    /// <summary>The stall that is being charged now; null when nothing is in flight that cannot go on.</summary>
    public ConnectionStall? Stall { get; init; }

    /// <summary>The latest stalls that have ended and took ten milliseconds at least, up to 64, oldest first.</summary>
    public IReadOnlyList<PastStall> Stalls { get; init; } = [];

    /// <summary>From accept to the whole ClientHello, to the end of the first handshake, and to the connection with the endpoint; null: not so far.</summary>
    public TimeSpan? HelloAfter { get; init; }

    public TimeSpan? Handshake { get; init; }

    public TimeSpan? ConnectedAfter { get; init; }

    /// <summary>Stalled so far, by whose fault, up to about a second ago.</summary>
    public TimeSpan StalledByClient { get; init; }

    public TimeSpan StalledByUpstream { get; init; }

    public TimeSpan StalledBySelf { get; init; }

    /// <summary>Ciphertext from the client, bytes.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>Ciphertext to the client, bytes.</summary>
    public long SentBytes { get; init; }

    public int Rehandshakes { get; init; }

    public int KeyUpdatesReceived { get; init; }

    public bool IsRehandshaking { get; init; }

    /// <summary>Name of the route that it took; "" before the ClientHello.</summary>
    public string Route { get; init; } = "";

    /// <summary>"" before the ClientHello, and on a route that rejects.</summary>
    public string Upstream { get; init; } = "";

    /// <summary>The upstream's endpoint; "" while there is none.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>Of the TLS session with it; null where there is none.</summary>
    public TlsSessionInfo? UpstreamSession { get; init; }
}

/// <summary>A stall in progress, with the words of the metric <c>gateway.stall.time</c>.</summary>
public sealed record ConnectionStall(string Operation, string Want, string Leg, string Cause, TimeSpan Since);

/// <summary>A stall that has ended: which, how long, and how long after accept it began.</summary>
public sealed record PastStall(ConnectionStall Stall, TimeSpan After);
