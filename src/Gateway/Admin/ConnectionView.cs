using TlsGateway.Actors.Inspection;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Gateway.Admin;

/// <summary>Connections as the admin endpoint shows them. Times are seconds, amounts bytes; a name here is part of the interface.</summary>
internal static class ConnectionView
{
    public static object Of(ConnectionPage page) =>
        new { Connections = page.Connections.Select(static connection => Of(connection)).ToList(), Next = page.Next?.ToString() };

    public static object Of(RankedConnections ranked) =>
        new { Connections = ranked.Connections.Select(static connection => Of(connection)).ToList(), ranked.Total };

    /// <param name="connection">The connection.</param>
    /// <param name="withTimeline">What happened to it when, which makes it long.</param>
    public static object Of(ConnectionSnapshot connection, bool withTimeline = false) =>
        new
        {
            Id = connection.Id.ToString(),
            connection.Listener,
            connection.Generation,
            Peer = connection.Peer.ToString(),
            State = connection.Phase,
            AgeSeconds = Seconds(connection.Age),
            IdleSeconds = Seconds(connection.Idle),
            Tls = connection.Session is { } session ? Of(session, connection) : null,
            ClientCertificate = connection.ClientCertificate is { } certificate ? Of(certificate) : null,
            Hello = connection.Ja4.Length == 0
                ? null
                : new
                {
                    connection.ServerName,
                    connection.Ja3,
                    connection.Ja4,
                },
            connection.Blocked,
            Stall = connection.Stall is { } stall
                ? new
                {
                    stall.Operation,
                    stall.Want,
                    stall.Leg,
                    stall.Cause,
                    Seconds = Seconds(stall.Since),
                }
                : null,
            StallSeconds = new
            {
                Client = Seconds(connection.StalledByClient),
                Upstream = Seconds(connection.StalledByUpstream),
                Self = Seconds(connection.StalledBySelf),
            },
            Timeline = withTimeline ? TimelineOf(connection) : null,
            connection.ReceivedBytes,
            connection.SentBytes,
            connection.Rehandshakes,
            connection.KeyUpdatesReceived,
            connection.IsRehandshaking,
            Route = NullWhenEmpty(connection.Route),
            Upstream = NullWhenEmpty(connection.Upstream),
            Endpoint = NullWhenEmpty(connection.Endpoint),
            UpstreamTls = connection.UpstreamSession is { } upstream
                ? new
                {
                    upstream.Version,
                    upstream.CipherSuite,
                    upstream.Group,
                    upstream.ApplicationProtocol,
                    upstream.IsResumed,
                }
                : null,
        };

    /// <summary>Seconds after accept.</summary>
    private static object TimelineOf(ConnectionSnapshot connection) =>
        new
        {
            ClientHello = connection.HelloAfter is { } hello ? Seconds(hello) : (double?)null,
            Handshake = connection.Handshake is { } handshake ? Seconds(handshake) : (double?)null,
            UpstreamConnected = connection.ConnectedAfter is { } connected ? Seconds(connected) : (double?)null,
            Stalls = connection.Stalls.Select(static past => new
            {
                After = Seconds(past.After),
                past.Stall.Operation,
                past.Stall.Want,
                past.Stall.Leg,
                past.Stall.Cause,
                Seconds = Seconds(past.Stall.Since),
            }),
        };

    private static string? NullWhenEmpty(string text) => text.Length == 0 ? null : text;

    private static object Of(TlsSessionInfo session, ConnectionSnapshot connection) =>
        new
        {
            Engine = connection.Engine.ToString().ToLowerInvariant(),
            session.Version,
            session.CipherSuite,
            session.Group,
            session.ApplicationProtocol,
            session.IsResumed,
        };

    private static object Of(TlsPeerCertificate certificate) =>
        new
        {
            certificate.Subject,
            certificate.Issuer,
            certificate.SerialNumber,
            certificate.NotAfter,
            certificate.DnsNames,
            certificate.Uris,
        };

    private static double Seconds(TimeSpan span) => Math.Round(span.TotalSeconds, 3);
}
