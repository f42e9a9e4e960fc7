using System.Net;
using System.Net.Sockets;
using TlsGateway.Actors;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Routing;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Interop.Tests.Listeners;

/// <summary>Who goes where: routes on a real listener, with real clients.</summary>
public sealed class RoutingTests : IDisposable
{
    private static readonly string[] Marks = ["web", "api", "rest"];

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("localhost", "web")]
    [InlineData("a.api.test", "api")]
    [InlineData("x.a.api.test", "api")]
    [InlineData("other.test", "rest")]
    public async Task The_server_name_chooses_the_upstream(string serverName, string expected)
    {
        await using var web = Greeting("web");
        await using var api = Greeting("api");
        await using var rest = Greeting("rest");
        await using var gateway = await StartAsync(
            Listener(rest),
            Route("web", To(web)) with
            {
                Names = Names("localhost"),
            },
            Route("api", To(api)) with
            {
                Names = Names("*.api.test"),
            }
        );
        using (var client = Open(gateway, serverName))
        {
            Assert.Contains(expected, Marks);
            client.Expect(expected);
            var shown = (await gateway.Host.ListConnectionsAsync(new ConnectionFilter(), null, 10)).Connections[0];
            Assert.Equal((expected == "rest" ? RouteTable.DefaultName : expected, expected), (shown.Route, shown.Upstream));
        }

        await gateway.UntilClosedAsync(CloseReason.ClientTruncated);
    }

    [Fact]
    public async Task A_route_that_rejects_sends_its_alert_and_reaches_no_upstream()
    {
        await using var upstream = Greeting("rest");
        await using var gateway = await StartAsync(
            Listener(upstream),
            Route("never", new RouteTarget.Reject(112)) with
            {
                Names = Names("never.test"),
            }
        );
        using (var client = EngineClient.Connect(gateway.EndPoint, ClientContext("never.test")))
        {
            Assert.Equal(TlsStatus.Error, client.TryHandshake());
            Assert.Equal((TlsFailureKind.PeerAlert, 112), (client.Session.Failure.Kind, client.Session.Failure.Alert));
        }

        await gateway.UntilClosedAsync(CloseReason.RouteRejected);
        Assert.Equal(0, gateway.Count(static c => c.UpstreamReceivedBytes));
        Assert.Equal(1, gateway.Count(static c => c.AlertsSent(112)));
    }

    [Theory]
    [InlineData("alice", "web")]
    [InlineData("bob", "rest")]
    public async Task A_certificate_chooses_after_the_handshake(string name, string expected)
    {
        await using var web = Greeting("web");
        await using var rest = Greeting("rest");
        await using var gateway = await StartAsync(
            WithClientCertificates(Listener(rest)),
            Route("people", To(web)) with
            {
                Client = static peer => peer.CommonNames.Contains("alice"),
            }
        );
        using (var client = EngineClient.Connect(gateway.EndPoint, ClientContext("localhost", _certificates.ClientLeaf(name))))
        {
            client.Handshake();
            client.Expect(expected);
        }

        await gateway.UntilClosedAsync(CloseReason.ClientTruncated);
    }

    [Fact]
    public async Task Whom_a_certificate_leads_to_a_route_that_rejects_is_refused_before_a_byte_is_relayed()
    {
        await using var rest = Greeting("rest");
        await using var gateway = await StartAsync(
            WithClientCertificates(Listener(rest)),
            Route("not-bob", new RouteTarget.Reject(49)) with
            {
                Client = static peer => peer.CommonNames.Contains("bob"),
            }
        );
        using (var client = EngineClient.Connect(gateway.EndPoint, ClientContext("localhost", _certificates.ClientLeaf("bob"))))
        {
            client.Handshake();
            Assert.Equal(TlsStatus.Error, client.ReadToEnd());
            Assert.Equal(49, client.Session.Failure.Alert);
        }

        await gateway.UntilClosedAsync(CloseReason.AccessDenied);
        Assert.Equal(0, gateway.Count(static c => c.UpstreamReceivedBytes));
    }

    /// <summary>
    /// A hello, then bytes that are no TLS at all, in both directions at once, each ended by itself: what arrives is what was sent, to the byte. The hello comes in pieces.
    /// </summary>
    [Fact]
    public async Task Passthrough_carries_every_byte_as_it_is()
    {
        const int Bytes = 5_000_000;
        var hello = EngineClient.ClientHello(TlsVersion.Tls13);
        var up = SeededBytes.Make(7, Bytes);
        var down = SeededBytes.Make(8, Bytes);
        var received = new byte[hello.Length + Bytes];
        var count = new Counter();
        await using var upstream = TestUpstream.Duplex(down, received, count);
        await using var gateway = await StartAsync(Listener(upstream), Route("through", new RouteTarget.Passthrough(To(upstream).To)));
        using (var socket = EngineClient.ConnectSocket(gateway.EndPoint))
        {
            for (var i = 0; i < hello.Length; i += 100)
            {
                socket.Send(hello.AsSpan(i, Math.Min(100, hello.Length - i)));
                await gateway.OnLoopAsync(0, static loop => loop.Index);
            }

            var sending = TestUpstream.SendAllAsync(socket, up);
            var got = new byte[Bytes];
            await ReceiveAllAsync(socket, got);
            await sending;
            Assert.Equal(down, got);
            socket.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1]).WaitAsync(RunningGateway.Patience));
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
        Assert.Equal([.. hello, .. up], received);
        Assert.Equal(0, gateway.Count(static c => c.FullTls13 + c.FullTls12));
    }

    [Fact]
    public async Task A_listener_that_can_pass_through_still_terminates_the_others()
    {
        await using var through = Greeting("through");
        await using var rest = TestUpstream.Echo();
        await using var gateway = await StartAsync(
            Listener(rest),
            Route("through", new RouteTarget.Passthrough(To(through).To)) with
            {
                Names = Names("through.test"),
            }
        );
        foreach (var version in (TlsVersion[])[TlsVersion.Tls12, TlsVersion.Tls13])
        {
            using var client = EngineClient.Open(gateway.EndPoint, version);
            client.AssertEchoes("terminated here");
        }

        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 2);
    }

    [Fact]
    public async Task No_order_reaches_the_TLS_that_passes_through()
    {
        await using var upstream = Greeting("hello");
        await using var gateway = await StartAsync(Listener(upstream), Route("through", new RouteTarget.Passthrough(To(upstream).To)));
        using (var socket = EngineClient.ConnectSocket(gateway.EndPoint))
        {
            socket.Send(EngineClient.ClientHello());
            await ReceiveAllAsync(socket, new byte[5]);
            var shown = (await gateway.Host.ListConnectionsAsync(new ConnectionFilter(), null, 10)).Connections[0];
            Assert.Null(shown.Session);
            Assert.NotEqual("", shown.Ja4);
            var answer = await gateway.Host.OrderAsync(shown.Id, ConnectionOrder.Rehandshake);
            Assert.Equal(OrderOutcome.Refused, answer.Outcome);
            Assert.Contains("passes through", answer.Detail, StringComparison.Ordinal);
            Assert.Equal(OrderOutcome.Accepted, (await gateway.Host.OrderAsync(shown.Id, ConnectionOrder.Close)).Outcome);
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1]).WaitAsync(RunningGateway.Patience));
        }

        await gateway.UntilClosedAsync(CloseReason.ClosedByOperator);
    }

    [Fact]
    public async Task A_reload_swaps_the_routes_and_connections_keep_theirs()
    {
        await using var web = TestUpstream.Echo();
        await using var rest = Greeting("rest");
        var listener = Listener(rest);
        await using var gateway = await StartAsync(listener, Route("web", To(web)) with { Names = Names("localhost") });
        using (var old = Open(gateway, "localhost"))
        {
            old.AssertEchoes("before");
            await gateway.ReloadAsync(listener);
            Assert.Equal([new GenerationUse(1, "test", 1), new GenerationUse(2, "test", 0)], gateway.Host.Generations);
            using (var next = Open(gateway, "localhost"))
                next.Expect("rest");
            old.AssertEchoes("after");
        }

        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 2);
        await RunningGateway.UntilAsync(() => gateway.Host.Generations.Count == 1, "the old generation has no connection");
    }

    private ListenerSettings Listener(TestUpstream rest) =>
        RunningGateway.Listener(_certificates.Localhost, rest.EndPoint) with
        {
            Upstream = To(rest).To with { Name = "rest" },
        };

    private ListenerSettings WithClientCertificates(ListenerSettings listener) =>
        listener with
        {
            Tls = listener.Tls with
            {
                ClientAuthentication = new TlsClientAuthentication
                {
                    Mode = ClientCertificateMode.Required,
                    TrustedAuthoritiesPem = _certificates.Authority.ExportCertificatePem(),
                },
            },
        };

    private static Task<RunningGateway> StartAsync(ListenerSettings listener, params RouteSettings[] routes) =>
        RunningGateway.StartAsync(listener with { Routes = routes }, loops: 1);

    private static RouteSettings Route(string name, RouteTarget target) =>
        new() { Name = name, Target = target is RouteTarget.Relay relay ? new RouteTarget.Relay(relay.To with { Name = name }) : target };

    private static RouteTarget.Relay To(TestUpstream upstream) =>
        new(new UpstreamSettings { Name = "upstream", Endpoints = [new EndpointSettings(upstream.EndPoint)] });

    private static NamePatterns Names(params string[] texts)
    {
        Assert.True(NamePatterns.TryParse(texts, out var names, out _, out _));
        return names;
    }

    private static EngineClient Open(RunningGateway gateway, string serverName)
    {
        var client = EngineClient.Connect(gateway.EndPoint, ClientContext(serverName));
        client.Handshake();
        return client;
    }

    private static OpenSslContext ClientContext(string serverName, TlsCertificate? certificate = null) =>
        OpenSslContext.CreateClient(new TlsClientSettings { ServerName = serverName, Certificate = certificate });

    /// <summary>Says who it is, and waits for the end.</summary>
    private static TestUpstream Greeting(string mark) =>
        new(async socket =>
        {
            await TestUpstream.SendAllAsync(socket, System.Text.Encoding.ASCII.GetBytes(mark));
            while (await socket.ReceiveAsync(new byte[4096]) > 0) { }
            socket.Shutdown(SocketShutdown.Send);
        });

    private static async Task ReceiveAllAsync(Socket socket, Memory<byte> into)
    {
        while (!into.IsEmpty)
        {
            var read = await socket.ReceiveAsync(into).AsTask().WaitAsync(RunningGateway.Patience);
            Assert.NotEqual(0, read);
            into = into[read..];
        }
    }
}
