using System.Net;
using TlsGateway.Actors;
using TlsGateway.Actors.Events;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;
using TlsGateway.Tls.Hello;
using TlsGateway.Transport;

namespace TlsGateway.Gateway.Tests.AccessLogs;

/// <summary>Connections that have ended, for lines about them.</summary>
internal static class Ends
{
    /// <summary>One that has something in every field.</summary>
    public static ConnectionEnd Full { get; } =
        new()
        {
            Id = new ConnectionId(1, 4711),
            Listener = "web",
            Generation = 3,
            Peer = InetEndPoint.From(IPAddress.Parse("203.0.113.7"), 51712),
            LocalPort = 8443,
            Began = new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero),
            Duration = TimeSpan.FromMilliseconds(1500),
            Engine = TlsEngine.OpenSsl,
            Negotiated = new TlsSessionInfo("TLSv1.3", "TLS_AES_128_GCM_SHA256", "x25519", "h2", "www.example.org", IsResumed: true),
            Hello = Named("www.example.org"),
            Handshake = TimeSpan.FromMilliseconds(12.5),
            HandshakeEngine = TimeSpan.FromMilliseconds(0.4),
            HelloAfter = TimeSpan.FromMilliseconds(6),
            ConnectedAfter = TimeSpan.FromMilliseconds(13),
            Route = "to-web",
            Upstream = "web",
            Endpoint = "10.0.0.5:8080",
            ReceivedBytes = 1000,
            SentBytes = 200_000,
            ReceivedRecords = 4,
            SentRecords = 13,
            StalledByClient = TimeSpan.FromMilliseconds(600),
            StalledBySelf = TimeSpan.FromMicroseconds(1),
            LongestStall = new StallSpan(
                new StallKey(StallOperation.Write, StallWant.Write, StallLeg.Downstream, StallCause.Client),
                0,
                500_000_000
            ),
            Reason = CloseReason.ClientAlert,
            Alert = 48,
            IsAlertReceived = true,
            Detail = "tlsv1 alert unknown ca",
        };

    /// <summary>One that never said anything.</summary>
    public static ConnectionEnd Silent { get; } =
        Full with
        {
            Negotiated = null,
            Hello = null,
            Handshake = null,
            HelloAfter = null,
            ConnectedAfter = null,
            Route = "",
            Upstream = "",
            Endpoint = "",
            LongestStall = default,
            Reason = CloseReason.ClientClosedBeforeHello,
            Alert = -1,
            Detail = "",
        };

    public static ClientHello Named(string serverName) =>
        new()
        {
            LegacyVersion = 0x0303,
            CipherSuites = [0x1301],
            Extensions = [0, 43],
            ServerName = serverName,
        };
}
