using TlsGateway.Actors.Inspection;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Gateway.Admin.Views;

/// <summary>A connection as the admin endpoint shows it; docs/ADMIN.md has the fields. Times are seconds, amounts bytes; a name here is part of the interface.</summary>
internal sealed record ConnectionView
{
    public required string Id { get; init; }
    public required string Listener { get; init; }
    public required int Generation { get; init; }
    public required string Peer { get; init; }
    public string? RelayedFrom { get; init; }
    public required string State { get; init; }
    public required double AgeSeconds { get; init; }
    public required double IdleSeconds { get; init; }
    public TlsView? Tls { get; init; }
    public ClientCertificateView? ClientCertificate { get; init; }
    public HelloView? Hello { get; init; }
    public required IReadOnlyList<string> Blocked { get; init; }
    public StallView? Stall { get; init; }
    public required StallSecondsView StallSeconds { get; init; }
    public TimelineView? Timeline { get; init; }
    public required long ReceivedBytes { get; init; }
    public required long SentBytes { get; init; }
    public required int Rehandshakes { get; init; }
    public required int KeyUpdatesReceived { get; init; }
    public required bool IsRehandshaking { get; init; }
    public string? Route { get; init; }
    public string? Upstream { get; init; }
    public string? Endpoint { get; init; }
    public TlsView? UpstreamTls { get; init; }

    /// <param name="one">The connection.</param>
    /// <param name="withTimeline">What happened to it when, which makes it long.</param>
    public static ConnectionView Of(ConnectionSnapshot one, bool withTimeline = false) =>
        new()
        {
            Id = one.Id.ToString(),
            Listener = one.Listener,
            Generation = one.Generation,
            Peer = one.Peer.ToString(),
            RelayedFrom = one.RelayedFrom,
            State = one.Phase,
            AgeSeconds = Seconds(one.Age),
            IdleSeconds = Seconds(one.Idle),
            Tls = one.Session is { } session ? TlsView.Of(session, one.Engine) : null,
            ClientCertificate = one.ClientCertificate is { } certificate ? ClientCertificateView.Of(certificate) : null,
            Hello = one.Hello is null ? null : new HelloView(one.ServerName, one.Ja3, one.Ja4),
            Blocked = one.Blocked,
            Stall = one.Stall is { } stall ? StallView.Of(stall, after: null) : null,
            StallSeconds = new(Seconds(one.StalledByClient), Seconds(one.StalledByUpstream), Seconds(one.StalledBySelf)),
            Timeline = withTimeline ? TimelineView.Of(one) : null,
            ReceivedBytes = one.ReceivedBytes,
            SentBytes = one.SentBytes,
            Rehandshakes = one.Rehandshakes,
            KeyUpdatesReceived = one.KeyUpdatesReceived,
            IsRehandshaking = one.IsRehandshaking,
            Route = NullWhenEmpty(one.Route),
            Upstream = NullWhenEmpty(one.Upstream),
            Endpoint = NullWhenEmpty(one.Endpoint),
            UpstreamTls = one.UpstreamSession is { } upstream ? TlsView.Of(upstream, engine: null) : null,
        };

    internal static double Seconds(TimeSpan span) => Math.Round(span.TotalSeconds, 3);

    private static string? NullWhenEmpty(string text) => text.Length == 0 ? null : text;
}

/// <summary>What a handshake came to.</summary>
/// <param name="Engine">openssl or bouncycastle; absent of an upstream's session.</param>
internal sealed record TlsView(string? Engine, string Version, string CipherSuite, string Group, string ApplicationProtocol, bool IsResumed)
{
    public static TlsView Of(TlsSessionInfo session, TlsEngine? engine) =>
        new(
            engine?.ToString().ToLowerInvariant(),
            session.Version,
            session.CipherSuite,
            session.Group,
            session.ApplicationProtocol,
            session.IsResumed
        );
}

/// <summary>What the client sent first.</summary>
internal sealed record HelloView(string ServerName, string Ja3, string Ja4);

/// <summary>Who the client showed to be.</summary>
internal sealed record ClientCertificateView(
    string Subject,
    string Issuer,
    string SerialNumber,
    DateTimeOffset NotAfter,
    IReadOnlyList<string> DnsNames,
    IReadOnlyList<string> Uris
)
{
    public static ClientCertificateView Of(TlsPeerCertificate one) =>
        new(one.Subject, one.Issuer, one.SerialNumber, one.NotAfter, one.DnsNames, one.Uris);
}

/// <summary>Something that could not go on, with the words of gateway.stall.time.</summary>
/// <param name="After">Seconds after accept; absent of a stall that runs.</param>
internal sealed record StallView(double? After, string Operation, string Want, string Leg, string Cause, double Seconds)
{
    public static StallView Of(ConnectionStall stall, TimeSpan? after) =>
        new(
            after is { } began ? ConnectionView.Seconds(began) : null,
            stall.Operation,
            stall.Want,
            stall.Leg,
            stall.Cause,
            ConnectionView.Seconds(stall.Since)
        );
}

/// <summary>Stalled so far, by whose fault.</summary>
internal sealed record StallSecondsView(double Client, double Upstream, double Self);

/// <summary>What happened when, in seconds after accept.</summary>
internal sealed record TimelineView(double? ClientHello, double? Handshake, double? UpstreamConnected, IReadOnlyList<StallView> Stalls)
{
    public static TimelineView Of(ConnectionSnapshot one) =>
        new(
            Seconds(one.HelloAfter),
            Seconds(one.Handshake),
            Seconds(one.ConnectedAfter),
            [.. one.Stalls.Select(static past => StallView.Of(past.Stall, past.After))]
        );

    private static double? Seconds(TimeSpan? span) => span is { } known ? ConnectionView.Seconds(known) : null;
}
