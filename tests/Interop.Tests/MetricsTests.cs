using System.Diagnostics.Metrics;
using Akka.Actor;
using TlsGateway.Actors;
using TlsGateway.Actors.Metrics;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests;

/// <summary>The instruments as a scrape sees them after traffic of every kind.</summary>
public sealed class MetricsTests : IDisposable
{
    private const string Connection = "{connection}";

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task Every_instrument_has_its_name_unit_and_attributes()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        await TrafficAsync(gateway);
        var scrape = Scrape.Of(gateway.Host.Metrics);

        Assert.Equal(
            [
                ("gateway.active_connections", Connection),
                ("gateway.closed_connections", Connection),
                ("gateway.connection.io", "By"),
                ("gateway.connections", Connection),
                ("gateway.rejected_connections", Connection),
                ("gateway.stall.time", "s"),
                ("gateway.stalled_connections", Connection),
                ("gateway.tls_alerts", "{alert}"),
                ("gateway.tls_handshakes", "{handshake}"),
                ("gateway.tls_key_updates", "{message}"),
                ("gateway.tls_rehandshakes", "{handshake}"),
                ("gateway.upstream.active_connections", Connection),
                ("gateway.upstream.connects", Connection),
                ("gateway.upstream.ejections", "{endpoint}"),
                ("gateway.upstream.endpoints", "{endpoint}"),
                ("gateway.upstream.health_checks", "{check}"),
                ("gateway.upstream.queued_connections", Connection),
                ("gateway.upstream.waits", Connection),
            ],
            scrape.Instruments
        );
        Assert.Equal(
            [
                "gateway.active_connections: listener",
                "gateway.closed_connections: fault listener reason",
                "gateway.connection.io: leg listener network.io.direction",
                "gateway.connections: listener",
                "gateway.rejected_connections: error.type listener",
                "gateway.stall.time: cause leg listener operation want",
                "gateway.stalled_connections: listener",
                "gateway.tls_handshakes: error.type fault listener outcome",
                "gateway.tls_handshakes: listener outcome tls.protocol.version",
                "gateway.tls_key_updates: listener",
                "gateway.tls_rehandshakes: listener",
                "gateway.upstream.active_connections: upstream",
                "gateway.upstream.connects: outcome upstream",
                "gateway.upstream.ejections: upstream",
                "gateway.upstream.endpoints: state upstream",
                "gateway.upstream.health_checks: outcome upstream",
                "gateway.upstream.queued_connections: upstream",
                "gateway.upstream.waits: outcome upstream",
            ],
            scrape.AttributeSets
        );
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

        var scrape = Scrape.Of(gateway.Host.Metrics);
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

    /// <summary>One collection of all observable instruments of one gateway.</summary>
    private sealed class Scrape
    {
        private readonly List<(string Instrument, double Value, Dictionary<string, string?> Attributes)> _measurements = [];
        private readonly SortedSet<(string Name, string? Unit)> _instruments = [];

        public IEnumerable<(string Name, string? Unit)> Instruments => _instruments;

        public IEnumerable<string> AttributeSets =>
            _measurements
                .Select(m => $"{m.Instrument}: {string.Join(' ', m.Attributes.Keys.Order(StringComparer.Ordinal))}")
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal);

        public static Scrape Of(GatewayMetrics metrics)
        {
            // Other gateways of this process have disposed theirs.
            Assert.NotEmpty(metrics.Counters);
            var scrape = new Scrape();
            using var listener = new MeterListener
            {
                InstrumentPublished = (instrument, me) =>
                {
                    if (instrument.Meter.Name != GatewayMetrics.MeterName)
                        return;
                    scrape._instruments.Add((instrument.Name, instrument.Unit));
                    me.EnableMeasurementEvents(instrument);
                },
            };
            listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => scrape.Add(instrument, value, tags));
            listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => scrape.Add(instrument, value, tags));
            listener.Start();
            listener.RecordObservableInstruments();
            return scrape;
        }

        public double Sum(string instrument, params (string Key, string Value)[] attributes) =>
            _measurements
                .Where(m => m.Instrument == instrument && attributes.All(a => m.Attributes.GetValueOrDefault(a.Key) == a.Value))
                .Sum(m => m.Value);

        private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var attributes = new Dictionary<string, string?>(StringComparer.Ordinal);
            foreach (var tag in tags)
                attributes.Add(tag.Key, tag.Value?.ToString());
            _measurements.Add((instrument.Name, value, attributes));
        }
    }
}
