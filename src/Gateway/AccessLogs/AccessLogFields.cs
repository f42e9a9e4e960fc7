using System.Globalization;
using TlsGateway.Actors.Events;
using TlsGateway.Actors.Metrics;
using TlsGateway.Tls;
using TlsGateway.Tls.Hello;

namespace TlsGateway.Gateway.AccessLogs;

/// <summary>All fields of the access log.</summary>
internal static class AccessLogFields
{
    /// <summary>What a line of text says when no template is given.</summary>
    public const string DefaultTemplate =
        "{time} {listener} {client} {server_name} {tls_version} {cipher} {resumed} {upstream} {endpoint} {bytes_received} {bytes_sent} {handshake_seconds} {duration_seconds} "
        + "{stalled_client_seconds}/{stalled_upstream_seconds}/{stalled_self_seconds} {reason}";

    /// <summary>In the order of the documentation, and of a JSON object.</summary>
    public static IReadOnlyList<AccessLogField> All { get; } =
    [
        new AccessLogField.Word("time", "When the connection ended, UTC.", static end => Time(end.Began + end.Duration)),
        new AccessLogField.Word("began", "When it was accepted, UTC.", static end => Time(end.Began)),
        new AccessLogField.Word("connection", "Its id, as in `/connections` and in traces.", static end => end.Id.ToString()),
        new AccessLogField.Word("listener", "The listener's name.", static end => end.Listener),
        new AccessLogField.Number("generation", "Of the configuration that it went by.", static end => end.Generation),
        new AccessLogField.Word(
            "client",
            "The client's address and port; behind a proxy that says it by the PROXY protocol, the one that it said.",
            static end => end.Peer.ToString()
        ),
        new AccessLogField.Number("server_port", "The port that it connected to.", static end => end.LocalPort),
        new AccessLogField.Word(
            "engine",
            "`openssl` or `bouncycastle`.",
            static end => end.Engine == TlsEngine.OpenSsl ? "openssl" : "bouncycastle"
        ),
        new AccessLogField.Word("server_name", "SNI as the client sent it, not checked.", static end => end.ServerName),
        new AccessLogField.Word(
            "tls_version",
            "`1.2` or `1.3`, once the handshake was done.",
            static end => end.Negotiated?.Version["TLSv".Length..]
        ),
        new AccessLogField.Word("cipher", "The cipher suite, by its IANA name.", static end => end.Negotiated?.CipherSuite),
        new AccessLogField.Word("group", "The key exchange group.", static end => end.Negotiated?.Group),
        new AccessLogField.Word(
            "resumed",
            "`full` or `resumed`.",
            static end => end.Negotiated is { } tls ? (tls.IsResumed ? "resumed" : "full") : null
        ),
        new AccessLogField.Word("application_protocol", "ALPN as agreed.", static end => end.Negotiated?.ApplicationProtocol),
        new AccessLogField.Word(
            "ja4",
            "Fingerprint of the ClientHello; costs some 20 µs a line.",
            static end => end.Hello is { } hello ? ClientFingerprint.Ja4(hello) : null
        ),
        new AccessLogField.Word(
            "ja3",
            "The older fingerprint; as `ja4`.",
            static end => end.Hello is { } hello ? ClientFingerprint.Ja3(hello) : null
        ),
        new AccessLogField.Word("client_subject", "Subject of the client's certificate.", static end => end.ClientCertificate?.Subject),
        new AccessLogField.Word("client_serial", "Its serial number.", static end => end.ClientCertificate?.SerialNumber),
        new AccessLogField.Word("route", "The route that it took.", static end => end.Route),
        new AccessLogField.Word("upstream", "The upstream's name.", static end => end.Upstream),
        new AccessLogField.Word("endpoint", "The endpoint that had it.", static end => end.Endpoint),
        new AccessLogField.Word(
            "upstream_tls_version",
            "Where the endpoint is spoken to over TLS.",
            static end => end.UpstreamNegotiated?.Version["TLSv".Length..]
        ),
        new AccessLogField.Number("bytes_received", "From the client's socket.", static end => end.ReceivedBytes),
        new AccessLogField.Number("bytes_sent", "To the client's socket.", static end => end.SentBytes),
        new AccessLogField.Number("records_received", "TLS records.", static end => end.ReceivedRecords),
        new AccessLogField.Number("records_sent", "TLS records.", static end => end.SentRecords),
        new AccessLogField.Seconds("hello_seconds", "From accept to the whole ClientHello.", static end => end.HelloAfter),
        new AccessLogField.Seconds("handshake_seconds", "From accept to the end of the handshake.", static end => end.Handshake),
        new AccessLogField.Seconds(
            "handshake_engine_seconds",
            "Of it, the TLS engine's work.",
            static end => end.Handshake is null ? null : end.HandshakeEngine
        ),
        new AccessLogField.Seconds(
            "handshake_look_up_seconds",
            "Of it, the look-up of the client's certificate.",
            static end => end.Handshake is null ? null : end.HandshakeLookUp
        ),
        new AccessLogField.Seconds(
            "connected_seconds",
            "From accept to the connection with the endpoint.",
            static end => end.ConnectedAfter
        ),
        new AccessLogField.Seconds("duration_seconds", "From accept to close.", static end => end.Duration),
        new AccessLogField.Seconds(
            "stalled_client_seconds",
            "Something was in flight and the client did not let it go on.",
            static end => end.StalledByClient
        ),
        new AccessLogField.Seconds("stalled_upstream_seconds", "As above, by the upstream.", static end => end.StalledByUpstream),
        new AccessLogField.Seconds("stalled_self_seconds", "As above, by the gateway.", static end => end.StalledBySelf),
        new AccessLogField.Seconds(
            "longest_stall_seconds",
            "The longest stall.",
            static end => end.LongestStall.Nanos == 0 ? null : TimeSpan.FromTicks(end.LongestStall.Nanos / TimeSpan.NanosecondsPerTick)
        ),
        new AccessLogField.Word("longest_stall", "What it was: operation, want, leg and cause, as in the metric.", LongestStall),
        new AccessLogField.Number("rehandshakes", "TLS 1.2 renegotiations.", static end => end.Rehandshakes),
        new AccessLogField.Number("key_updates", "TLS 1.3 KeyUpdates received.", static end => end.KeyUpdatesReceived),
        new AccessLogField.Word(
            "reason",
            "Why it ended: a close reason of [METRICS.md](METRICS.md#close-reasons).",
            static end => GatewayMetrics.NameOf(end.Reason)
        ),
        new AccessLogField.Word(
            "fault",
            "Whose doing that was: `none`, `client`, `upstream` or `self`.",
            static end => GatewayMetrics.FaultNameOf(end.Reason)
        ),
        new AccessLogField.Word(
            "alert",
            "The fatal alert, if one ended it.",
            static end => end.Alert < 0 ? null : TlsAlert.NameOf((byte)end.Alert)
        ),
        new AccessLogField.Word(
            "alert_direction",
            "`received` or `sent`.",
            static end =>
                end.Alert < 0 ? null
                : end.IsAlertReceived ? "received"
                : "sent"
        ),
        new AccessLogField.Word("detail", "What the engine says of a failure.", static end => end.Detail),
    ];

    /// <summary>Those of a JSON object when none are chosen: all but the fingerprints, which cost more than the rest together.</summary>
    public static IReadOnlyList<AccessLogField> Default { get; } = [.. All.Where(static field => field.Name is not ("ja3" or "ja4"))];

    public static AccessLogField? Find(string name) => All.FirstOrDefault(field => field.Name == name);

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);

    private static string? LongestStall(ConnectionEnd end)
    {
        if (end.LongestStall.Nanos == 0)
        {
            return null;
        }
        var key = end.LongestStall.Key;
        return $"{GatewayMetrics.Name(key.Operation)}/{GatewayMetrics.Name(key.Want)}/{GatewayMetrics.Name(key.Leg)}/{GatewayMetrics.Name(key.Cause)}";
    }
}
