using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using TlsGateway.Actors;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Upstreams;

/// <summary>Endpoints that fail, behind a real listener: who notices, what is shown, and that no client pays for it.</summary>
public sealed class HealthTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_check_takes_an_endpoint_out_before_a_client_meets_it_and_brings_it_back()
    {
        using var dead = Reserve();
        await using var healthy = TestUpstream.Echo();
        await using var gateway = await StartAsync(Upstream(At(dead), At(healthy)) with { HealthCheck = Check(HealthCheckKind.Tcp) });
        await UntilStatesAsync(gateway, "down", "healthy");
        Assert.Equal("connection refused", gateway.Host.Upstreams[0].Endpoints[0].LastCheck!.Detail);
        for (var i = 0; i < 10; i++)
            Visit(gateway);
        Assert.Equal(0, gateway.Host.Upstreams[0].Counters.Endpoints.Failed);

        dead.Listen();
        await UntilStatesAsync(gateway, "healthy", "healthy");
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 10);
    }

    [Theory]
    [InlineData("/hello", 200, 200, "hel", true, "passed")]
    [InlineData("/hello", 200, 200, "nothing", false, "status 200, but not the body")]
    [InlineData("/nowhere", 200, 399, "", false, "status 404")]
    [InlineData("/nowhere", 404, 404, "", true, "passed")]
    public async Task Status_and_body_of_an_answer_decide(string path, int from, int to, string body, bool expected, string detail)
    {
        await using var server = await HttpUpstream.StartAsync(HttpProtocols.Http1);
        await using var other = TestUpstream.Echo();
        await using var gateway = await StartAsync(
            Upstream(new EndpointSettings(server.EndPoint), At(other)) with
            {
                HealthCheck = Check(HealthCheckKind.Http) with { Path = path, Status = (from, to), Body = body },
            }
        );
        await RunningGateway.UntilAsync(() => gateway.Host.Upstreams[0].Endpoints[0].LastCheck is not null, "a check");
        Assert.Equal((expected, detail), Result(gateway.Host.Upstreams[0].Endpoints[0].LastCheck!));
        // An echo is no HTTP.
        await RunningGateway.UntilAsync(() => gateway.Host.Upstreams[0].Endpoints[1].LastCheck is not null, "a check");
        Assert.False(gateway.Host.Upstreams[0].Endpoints[1].LastCheck!.Passed);

        static (bool, string) Result(Actors.Health.EndpointCheck check) => (check.Passed, check.Detail);
    }

    [Fact]
    public async Task A_tls_check_tells_a_tls_server_from_another()
    {
        using var certificate = X509Certificate2.CreateFromPem(_certificates.Localhost.ChainPem, _certificates.Localhost.KeyPem);
        await using var plain = TestUpstream.Echo();
        await using var tls = new TestUpstream(async socket =>
        {
            await using var stream = new SslStream(new NetworkStream(socket));
            await stream.AuthenticateAsServerAsync(certificate);
            _ = await stream.ReadAsync(new byte[1]);
        });
        await using var gateway = await StartAsync(Upstream(At(tls), At(plain)) with { HealthCheck = Check(HealthCheckKind.Tls) });
        await UntilStatesAsync(gateway, "healthy", "down");
    }

    [Fact]
    public async Task A_check_that_gets_no_answer_fails_at_its_timeout()
    {
        await using var silent = new TestUpstream(static async socket =>
        {
            while (await socket.ReceiveAsync(new byte[1024]) > 0) { }
        });
        await using var healthy = TestUpstream.Echo();
        await using var gateway = await StartAsync(
            Upstream(At(silent), At(healthy)) with
            {
                HealthCheck = Check(HealthCheckKind.Http) with { Timeout = TimeSpan.FromMilliseconds(100) },
            }
        );
        await RunningGateway.UntilAsync(() => gateway.Host.Upstreams[0].Endpoints[0].LastCheck is not null, "a check");
        Assert.Equal("no answer within 0.1 s", gateway.Host.Upstreams[0].Endpoints[0].LastCheck!.Detail);
    }

    [Fact]
    public async Task Connections_that_fail_take_an_endpoint_out_and_one_that_succeeds_brings_it_back()
    {
        using var dead = Reserve();
        await using var healthy = TestUpstream.Echo();
        await using var gateway = await StartAsync(
            Upstream(At(dead), At(healthy)) with
            {
                Outliers = new OutlierSettings { Failures = 3, Time = TimeSpan.FromMilliseconds(200) },
            }
        );
        var visits = 0;
        while (Counters(gateway).Endpoints.Ejections == 0)
        {
            Visit(gateway);
            visits++;
            Assert.InRange(visits, 1, 1000);
        }

        // It is left alone until its time is over, then one connection finds out that nothing has changed, and it is out for longer.
        while (Counters(gateway).Endpoints.Ejections < 2)
        {
            Visit(gateway);
            visits++;
        }

        Assert.InRange(Counters(gateway).Endpoints.Failed, 4, 10);
        dead.Listen();
        using var accepting = EchoOn(dead);
        while (StateOf(gateway, 0) != "healthy")
        {
            Visit(gateway);
            visits++;
        }

        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, visits);
    }

    [Fact]
    public async Task The_only_endpoint_is_never_taken_out()
    {
        using var dead = Reserve();
        await using var gateway = await StartAsync(Upstream(At(dead)) with { Outliers = new OutlierSettings { Failures = 1 } });
        for (var i = 0; i < 5; i++)
        {
            using var client = EngineClient.Open(gateway.EndPoint);
            client.ReadToEnd();
        }

        await gateway.UntilClosedAsync(CloseReason.UpstreamConnectFailed, 5);
        Assert.Equal((0L, "healthy"), (Counters(gateway).Endpoints.Ejections, StateOf(gateway, 0)));
    }

    /// <summary>The client has said nothing yet, so another endpoint can have all of it.</summary>
    [Fact]
    public async Task An_endpoint_that_resets_before_a_byte_was_sent_costs_no_client()
    {
        await using var resetting = new TestUpstream(static socket =>
        {
            EngineClient.Reset(socket);
            return Task.CompletedTask;
        });
        await using var healthy = TestUpstream.Echo();
        await using var gateway = await StartAsync(Upstream(At(resetting), At(healthy)));
        for (var i = 0; i < 20; i++)
        {
            using var client = EngineClient.Open(gateway.EndPoint);
            // Time for the reset to come: the client speaks when the leg stands at the healthy endpoint.
            await RunningGateway.UntilAsync(() => gateway.Host.Upstreams[0].Endpoints[1].Connections == 1, "a leg to the healthy endpoint");
            client.AssertEchoes("a late word");
            client.Dispose();
            await gateway.UntilClosedAsync(CloseReason.ClientTruncated, i + 1);
        }
    }

    [Fact]
    public async Task A_connection_waits_for_a_place_and_gets_it_in_turn()
    {
        await using var echo = TestUpstream.Echo();
        await using var gateway = await StartAsync(Upstream(At(echo)) with { MaxConnections = 1 }, loops: 2);
        var first = EngineClient.Open(gateway.EndPoint);
        first.AssertEchoes("has the place");
        var waiting = new List<EngineClient>();
        for (var i = 0; i < 3; i++)
        {
            waiting.Add(EngineClient.Open(gateway.EndPoint));
            waiting[i].Send("waited"u8);
            await RunningGateway.UntilAsync(() => gateway.Host.Upstreams[0].Queued == i + 1, "a place in the queue");
        }

        Assert.Equal(1, gateway.Host.Upstreams[0].Endpoints[0].Connections);
        first.Dispose();
        foreach (var client in waiting)
        {
            client.Expect("waited");
            Assert.Equal(1, gateway.Host.Upstreams[0].Endpoints[0].Connections);
            client.Dispose();
        }

        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 4);
        Assert.Equal((3L, 0L), (Counters(gateway).Queued, gateway.Host.Upstreams[0].Queued));
    }

    [Fact]
    public async Task One_that_gives_up_waiting_hands_its_turn_on()
    {
        await using var echo = TestUpstream.Echo();
        await using var gateway = await StartAsync(Upstream(At(echo)) with { MaxConnections = 1 }, loops: 2);
        var first = EngineClient.Open(gateway.EndPoint);
        first.AssertEchoes("has the place");
        var leaving = EngineClient.Open(gateway.EndPoint);
        await RunningGateway.UntilAsync(() => gateway.Host.Upstreams[0].Queued == 1, "a place in the queue");
        using var staying = EngineClient.Open(gateway.EndPoint);
        await RunningGateway.UntilAsync(() => gateway.Host.Upstreams[0].Queued == 2, "a place in the queue");
        leaving.Reset();
        leaving.Dispose();
        await gateway.UntilClosedAsync(CloseReason.ClientReset);
        first.Dispose();
        staying.AssertEchoes("its turn");
        staying.Dispose();
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 2);
    }

    [Fact]
    public async Task Waiting_ends_at_its_timeout_and_a_full_queue_takes_none()
    {
        await using var echo = TestUpstream.Echo();
        await using var gateway = await StartAsync(
            Upstream(At(echo)) with
            {
                MaxConnections = 1,
                Queue = new QueueSettings { Size = 1, Timeout = TimeSpan.FromMilliseconds(300) },
            }
        );
        using (var first = EngineClient.Open(gateway.EndPoint))
        {
            first.AssertEchoes("has the place");
            using var second = EngineClient.Open(gateway.EndPoint);
            await RunningGateway.UntilAsync(() => gateway.Host.Upstreams[0].Queued == 1, "a place in the queue");
            using var third = EngineClient.Open(gateway.EndPoint);
            // No close_notify: the end is not clean.
            Assert.Equal(TlsStatus.Error, third.ReadToEnd());
            Assert.Equal(TlsStatus.Error, second.ReadToEnd());
        }

        await gateway.UntilClosedAsync(CloseReason.UpstreamQueueFull);
        await gateway.UntilClosedAsync(CloseReason.UpstreamQueueTimeout);
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated);
    }

    [Fact]
    public async Task A_drained_endpoint_gets_no_connection_and_keeps_those_it_has()
    {
        await using var first = TestUpstream.Echo();
        await using var second = TestUpstream.Echo();
        await using var gateway = await StartAsync(Upstream(At(first), At(second)));
        using (var kept = EngineClient.Open(gateway.EndPoint))
        {
            kept.AssertEchoes("before");
            var (with, without) = ConnectionsOf(gateway, 0) == 1 ? (0, 1) : (1, 0);
            Assert.True(Order(gateway, with, EndpointOrder.Drain));
            Assert.Equal("drained", StateOf(gateway, with));
            for (var i = 0; i < 6; i++)
                Visit(gateway);
            await RunningGateway.UntilAsync(() => ConnectionsOf(gateway, without) == 0, "visits ended");
            Assert.Equal(1, ConnectionsOf(gateway, with));
            kept.AssertEchoes("after");
            // With none left there is nobody to ask: clients fail, as with an upstream that is down.
            Assert.True(Order(gateway, without, EndpointOrder.Drain));
            using (var nobody = EngineClient.Open(gateway.EndPoint))
                Assert.Equal(TlsStatus.Error, nobody.ReadToEnd());
            Assert.True(Order(gateway, without, EndpointOrder.None));
            Visit(gateway);
        }

        Assert.False(gateway.Host.OrderEndpoint("upstream", "127.0.0.1:1", EndpointOrder.Drain));
        Assert.False(gateway.Host.OrderEndpoint("elsewhere", gateway.Host.Upstreams[0].Endpoints[0].Address, EndpointOrder.Drain));
        await gateway.UntilClosedAsync(CloseReason.UpstreamConnectFailed);
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 8);
    }

    [Fact]
    public async Task Health_can_be_forced_whatever_checks_say()
    {
        using var dead = Reserve();
        await using var healthy = TestUpstream.Echo();
        await using var gateway = await StartAsync(Upstream(At(dead), At(healthy)) with { HealthCheck = Check(HealthCheckKind.Tcp) });
        await UntilStatesAsync(gateway, "down", "healthy");
        Assert.True(Order(gateway, 1, EndpointOrder.Down));
        Assert.Equal(["down", "down"], gateway.Host.Upstreams[0].Endpoints.Select(static one => one.State));
        // With all down, all are tried: the forced one is not gone.
        Visit(gateway);
        Assert.True(Order(gateway, 1, EndpointOrder.None));
        Assert.True(Order(gateway, 0, EndpointOrder.Up));
        await UntilStatesAsync(gateway, "healthy", "healthy");
        // It is tried again, in vain, and the next one serves.
        for (var i = 0; i < 4; i++)
            Visit(gateway);
        Assert.True(Counters(gateway).Endpoints.Failed >= 2, $"{Counters(gateway).Endpoints.Failed} failed");
        Assert.True(Order(gateway, 0, EndpointOrder.None));
        await UntilStatesAsync(gateway, "down", "healthy");
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 5);
    }

    [Fact]
    public async Task Connections_do_not_wait_for_a_place_at_a_drained_endpoint()
    {
        await using var echo = TestUpstream.Echo();
        await using var gateway = await StartAsync(Upstream(At(echo)) with { MaxConnections = 1 });
        using (var first = EngineClient.Open(gateway.EndPoint))
        {
            first.AssertEchoes("has the place");
            using var second = EngineClient.Open(gateway.EndPoint);
            await RunningGateway.UntilAsync(() => gateway.Host.Upstreams[0].Queued == 1, "a place in the queue");
            Assert.True(Order(gateway, 0, EndpointOrder.Drain));
            Assert.Equal(TlsStatus.Error, second.ReadToEnd());
            first.AssertEchoes("still has it");
        }

        await gateway.UntilClosedAsync(CloseReason.UpstreamConnectFailed);
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated);
    }

    [Fact]
    public async Task A_unix_socket_is_an_endpoint()
    {
        var folder = Directory.CreateTempSubdirectory();
        var path = new UnixDomainSocketEndPoint(Path.Combine(folder.FullName, "echo.sock"));
        using var listening = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listening.Bind(path);
        listening.Listen();
        using var accepting = EchoOn(listening);
        await using (
            var gateway = await StartAsync(
                Upstream(
                    new EndpointSettings(new UnixDomainSocketEndPoint(Path.Combine(folder.FullName, "missing.sock"))),
                    new EndpointSettings(path)
                ) with
                {
                    HealthCheck = Check(HealthCheckKind.Tcp),
                }
            )
        )
        {
            Visit(gateway);
            await UntilStatesAsync(gateway, "down", "healthy");
            Visit(gateway);
            await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 2);
        }

        folder.Delete(recursive: true);
    }

    private static void Visit(RunningGateway gateway)
    {
        using var client = EngineClient.Open(gateway.EndPoint);
        client.AssertEchoes("a visit");
    }

    private static Task UntilStatesAsync(RunningGateway gateway, params string[] states) =>
        RunningGateway.UntilAsync(
            () => gateway.Host.Upstreams[0].Endpoints.Select(static endpoint => endpoint.State).SequenceEqual(states),
            () => string.Join(", ", gateway.Host.Upstreams[0].Endpoints)
        );

    private static bool Order(RunningGateway gateway, int endpoint, EndpointOrder order) =>
        gateway.Host.OrderEndpoint("upstream", gateway.Host.Upstreams[0].Endpoints[endpoint].Address, order);

    private static int ConnectionsOf(RunningGateway gateway, int endpoint) => gateway.Host.Upstreams[0].Endpoints[endpoint].Connections;

    private static string StateOf(RunningGateway gateway, int endpoint) => gateway.Host.Upstreams[0].Endpoints[endpoint].State;

    private static UpstreamCounters Counters(RunningGateway gateway) => gateway.Host.Upstreams[0].Counters;

    private static HealthCheckSettings Check(HealthCheckKind kind) =>
        new()
        {
            Kind = kind,
            Interval = TimeSpan.FromMilliseconds(50),
            Rise = 1,
            Fall = 1,
        };

    private static UpstreamSettings Upstream(params EndpointSettings[] endpoints) =>
        new()
        {
            Name = "upstream",
            Endpoints = endpoints,
            ConnectTimeout = TimeSpan.FromMilliseconds(500),
        };

    private Task<RunningGateway> StartAsync(UpstreamSettings upstream, int loops = 1) =>
        RunningGateway.StartAsync(
            RunningGateway.Listener(_certificates.Localhost, new IPEndPoint(IPAddress.Loopback, 1)) with
            {
                Upstream = upstream,
            },
            loops
        );

    private static EndpointSettings At(TestUpstream upstream) => new(upstream.EndPoint);

    private static EndpointSettings At(Socket socket) => new(socket.LocalEndPoint!);

    /// <summary>A port of ours on which nobody listens yet.</summary>
    private static Socket Reserve()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private static CancellationTokenSource EchoOn(Socket listening)
    {
        var stop = new CancellationTokenSource();
        _ = AcceptAsync();
        return stop;

        async Task AcceptAsync()
        {
            try
            {
                while (true)
                    _ = EchoAsync(await listening.AcceptAsync(stop.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // stopped
            }
        }

        static async Task EchoAsync(Socket socket)
        {
            using (socket)
            {
                var buffer = new byte[4096];
                int read;
                while ((read = await socket.ReceiveAsync(buffer)) > 0)
                    await TestUpstream.SendAllAsync(socket, buffer.AsMemory(0, read));
            }
        }
    }
}
