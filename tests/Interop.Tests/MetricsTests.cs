using System.Net;
using Akka.Actor;
using Microsoft.Extensions.Logging.Abstractions;
using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Fleet.Membership;
using TlsGateway.Gateway.AccessLogs;
using TlsGateway.Gateway.Telemetry;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests;

/// <summary>The instruments as a scrape sees them after traffic of every kind.</summary>
public sealed class MetricsTests : IDisposable
{
    private const string Connection = "{connection}";

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    /// <summary>The table of docs/METRICS.md, and through it every name, unit and label. GATEWAY_WRITE_DOCS=1 writes it.</summary>
    [Fact]
    public async Task The_documented_instruments_are_those_that_there_are()
    {
        await using var upstream = TestUpstream.Echo();
        var settings = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        var placement = new FixedPlacement();
        var check = new HealthCheckSettings { Kind = HealthCheckKind.Tcp, Interval = TimeSpan.FromMilliseconds(100) };
        await using var gateway = await RunningGateway.StartAsync(
            new GatewaySettings
            {
                Generation = 1,
                Listeners = [settings with { Upstream = settings.Upstream! with { HealthCheck = check } }],
            },
            loops: 2,
            new GatewayHostOptions { Relays = Relayed.Settings(placement) }
        );
        // Nobody listens there: it is served here.
        placement.Use(new IPEndPoint(IPAddress.Loopback, 1));
        using (var kept = EngineClient.Open(gateway.EndPoint))
            kept.CloseCleanly();
        placement.Use(null);
        using (var outsider = EngineClient.ConnectSocket(gateway.Host.RelayEndPoint!))
            outsider.Send("no header\r\n"u8);
        await RunningGateway.UntilAsync(() => Relayed.Received(gateway, "malformed") == 1, "it is refused");
        using var capture = MetricCapture.Start(gateway.Host.Metrics);
        var staple = new ServerCertificateStaple();
        staple.Set([1], DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue);
        _ = new ServingInstruments(gateway.Host.Metrics.Meter, TimeProvider.System, static () => DateTimeOffset.UnixEpoch)
        {
            Certificates = ServedCertificate.Of([
                settings with
                {
                    Tls = settings.Tls with { Certificates = [_certificates.Localhost with { Staple = staple }] },
                },
            ]),
        };
        var member = new MemberSnapshot
        {
            Address = "a",
            Status = "up",
            IsReachable = true,
            IsSelf = true,
            IsOldest = true,
            HeardAgo = null,
            Load = null,
            Details = null,
        };
        FleetInstruments.Create(
            gateway.Host.Metrics.Meter,
            () => new FleetSnapshot(FleetStanding.Member, default, [member]),
            static () => 1,
            static () => 0
        );
        using var accessLog = new AccessLog(
            new AccessLogSettings(AccessLogSettings.Stderr, AccessLogFormat.Json([]), RotateAt: 0, Keep: 1),
            gateway.Host.Metrics.Meter,
            TimeProvider.System,
            NullLogger.Instance
        );
        await TrafficAsync(gateway);
        using (var malformed = EngineClient.ConnectSocket(gateway.EndPoint))
            malformed.Send((ReadOnlySpan<byte>)[22, 3, 1, 0, 5, 1, 0, 0, 1, 0]);
        await gateway.UntilClosedAsync(CloseReason.MalformedClientHello);
        // A duration is recorded before its check is counted: of the first one that is counted here it may have been before the capture.
        var checks = gateway.Host.Upstreams[0].Counters.Endpoints;
        var before = checks.ChecksPassed;
        await RunningGateway.UntilAsync(() => checks.ChecksPassed >= before + 2, "health checks have passed");
        capture.Observe();
        GeneratedDocument.Check("METRICS.md", "instruments", capture.Table());
    }

    [Fact]
    public async Task Counts_agree_with_the_traffic_and_with_one_another()
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        await using var gateway = await RunningGateway.StartAsync(listener with { MaxConnections = 2 });
        await TrafficAsync(gateway);

        // Two stay open, one with half a record; a third is refused.
        using var first = EngineClient.Open(gateway.EndPoint);
        using var second = EngineClient.Open(gateway.EndPoint);
        first.AssertEchoes("open");
        second.AssertEchoes("open");
        Assert.Equal(TlsStatus.Done, second.Session.Write(new byte[100], out _));
        second.FlushFirst(50);
        using (var third = EngineClient.ConnectSocket(gateway.EndPoint))
            Assert.Equal(7, third.Receive(new byte[100]));
        await gateway.UntilClosedAsync(CloseReason.TooManyConnections);
        await RunningGateway.UntilAsync(() => gateway.Count(static c => c.Stalls.Stalled) == 1, "one connection stalled");

        using var scrape = MetricCapture.Start(gateway.Host.Metrics);
        scrape.Observe();
        Assert.Equal(7, scrape.Sum("gateway.connections"));
        Assert.Equal(2, scrape.Sum("gateway.active_connections"));
        Assert.Equal(
            scrape.Sum("gateway.connections"),
            scrape.Sum("gateway.active_connections") + scrape.Sum("gateway.closed_connections")
        );
        Assert.Equal(1, scrape.Sum("gateway.rejected_connections", ("error.type", "too_many_connections")));
        Assert.Equal(0, scrape.Sum("gateway.rejected_connections", ("error.type", "address_denied")));
        Assert.Equal(0, scrape.Sum("gateway.rejected_connections", ("error.type", "accept_failed")));
        Assert.Equal(1, scrape.Sum("gateway.closed_connections", ("reason", "too_many_connections")));
        Assert.Equal(2, scrape.Sum("gateway.closed_connections", ("reason", "completed")));
        Assert.Equal(1, scrape.Sum("gateway.closed_connections", ("reason", "plain_http")));
        Assert.Equal(1, scrape.Sum("gateway.closed_connections", ("reason", "client_closed_before_hello")));

        Assert.Equal(3, scrape.Sum("gateway.tls_handshakes", ("outcome", "full"), ("tls.protocol.version", "1.3")));
        Assert.Equal(1, scrape.Sum("gateway.tls_handshakes", ("outcome", "full"), ("tls.protocol.version", "1.2")));
        Assert.Equal(0, scrape.Sum("gateway.tls_handshakes", ("outcome", "resumed")));
        Assert.Equal(1, scrape.Sum("gateway.tls_handshakes", ("outcome", "failed"), ("error.type", "plain_http")));
        Assert.Equal(1, scrape.Sum("gateway.tls_handshakes", ("outcome", "failed"), ("error.type", "client_closed_before_hello")));
        // Every connection that was taken has had its handshake, well or not.
        Assert.Equal(scrape.Sum("gateway.connections") - 1, scrape.Sum("gateway.tls_handshakes"));
        Assert.Equal(1, scrape.Sum("gateway.tls_rehandshakes"));
        Assert.Equal(1, scrape.Sum("gateway.tls_key_updates"));
        Assert.Equal(1, scrape.Sum("gateway.stalled_connections"));

        var toUpstream = scrape.Sum("gateway.connection.io", ("leg", "upstream"), ("network.io.direction", "transmit"));
        Assert.Equal(Echoed, toUpstream);
        Assert.Equal(toUpstream, scrape.Sum("gateway.connection.io", ("leg", "upstream"), ("network.io.direction", "receive")));
        Assert.InRange(
            scrape.Sum("gateway.connection.io", ("leg", "downstream"), ("network.io.direction", "receive")),
            toUpstream,
            100_000
        );
        Assert.InRange(
            scrape.Sum("gateway.connection.io", ("leg", "downstream"), ("network.io.direction", "transmit")),
            toUpstream,
            100_000
        );
        Assert.True(scrape.Sum("gateway.stall.time", ("operation", "handshake"), ("cause", "client")) > 0);

        second.Reset();
        first.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed, 3);
    }

    /// <summary>Bytes of all the words that the two tests have echoed.</summary>
    private static double Echoed => "one".Length + "two".Length + "renegotiated".Length + "updated".Length + (2 * "open".Length);

    /// <summary>One connection of each version that renews its keys, one that speaks HTTP, one that says nothing; all ended.</summary>
    private static async Task TrafficAsync(RunningGateway gateway)
    {
        using (var tls12 = EngineClient.Open(gateway.EndPoint, TlsVersion.Tls12))
        {
            tls12.AssertEchoes("one");
            gateway.Connections.Tell(Rehandshake.Instance);
            _ = tls12.ReadHolding(new byte[100], static session => session.IsRehandshaking);
            tls12.FinishRehandshake();
            tls12.AssertEchoes("renegotiated");
            tls12.CloseCleanly();
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
        using (var tls13 = EngineClient.Open(gateway.EndPoint))
        {
            tls13.AssertEchoes("two");
            Assert.Equal(TlsStatus.Done, tls13.Session.KeyUpdate(askPeer: true));
            tls13.AssertEchoes("updated");
            tls13.CloseCleanly();
        }

        using (var http = EngineClient.ConnectSocket(gateway.EndPoint))
            http.Send("GET / HTTP/1.1\r\n\r\n"u8);
        await gateway.UntilClosedAsync(CloseReason.PlainHttp);
        EngineClient.ConnectSocket(gateway.EndPoint).Dispose();
        await gateway.UntilClosedAsync(CloseReason.ClientClosedBeforeHello);
        await gateway.UntilClosedAsync(CloseReason.Completed, 2);
    }
}
