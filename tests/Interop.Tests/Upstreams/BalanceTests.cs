using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Upstreams;

/// <summary>Several endpoints behind a real listener: shares, and what a client notices of an endpoint that fails.</summary>
public sealed class BalanceTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task Connections_are_shared_by_weight()
    {
        var (one, three) = (new Counter(), new Counter());
        await using var light = Counting(one);
        await using var heavy = Counting(three);
        await using var gateway = await StartAsync(BalanceAlgorithm.RoundRobin, At(light), At(heavy) with { Weight = 3 });
        for (var i = 0; i < 40; i++)
            Visit(gateway);
        Assert.Equal((10, 30), (one.Value, three.Value));
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 40);
    }

    [Fact]
    public async Task Open_connections_count_where_the_fewest_are_wanted()
    {
        var (first, second) = (new Counter(), new Counter());
        await using var one = Counting(first);
        await using var other = Counting(second);
        await using var gateway = await StartAsync(BalanceAlgorithm.LeastConnections, At(one), At(other));
        var held = new List<EngineClient>();
        for (var i = 0; i < 10; i++)
        {
            held.Add(EngineClient.Open(gateway.EndPoint));
            held[^1].AssertEchoes("held");
        }

        Assert.Equal((5, 5), (first.Value, second.Value));
        held.ForEach(static client => client.Dispose());
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 10);
    }

    [Fact]
    public async Task A_client_stays_at_one_endpoint_when_its_address_is_hashed()
    {
        var counters = Enumerable.Range(0, 5).Select(static _ => new Counter()).ToArray();
        var upstreams = Array.ConvertAll(counters, Counting);
        await using var gateway = await StartAsync(BalanceAlgorithm.HashClient, [.. upstreams.Select(At)]);
        for (var i = 0; i < 10; i++)
            Visit(gateway);
        Assert.Equal([0L, 0L, 0L, 0L, 10L], counters.Select(static c => c.Value).Order());
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 10);
        foreach (var upstream in upstreams)
            await upstream.DisposeAsync();
    }

    [Theory]
    [InlineData(BalanceAlgorithm.RoundRobin)]
    [InlineData(BalanceAlgorithm.LeastConnections)]
    [InlineData(BalanceAlgorithm.RandomOfTwo)]
    [InlineData(BalanceAlgorithm.HashClient)]
    [InlineData(BalanceAlgorithm.HashServerName)]
    public async Task No_client_fails_while_an_endpoint_is_left(BalanceAlgorithm algorithm)
    {
        var dying = TestUpstream.Echo();
        await using var healthy = TestUpstream.Echo();
        await using var gateway = await StartAsync(algorithm, At(dying), At(healthy));
        for (var i = 0; i < 10; i++)
            Visit(gateway);
        await dying.DisposeAsync();
        for (var i = 0; i < 30; i++)
            Visit(gateway);
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 40);
    }

    [Fact]
    public async Task A_backup_serves_when_no_other_can()
    {
        using var refusing = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        refusing.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var (usual, backup) = (new Counter(), new Counter());
        var serving = Counting(usual);
        await using var spare = Counting(backup);
        await using var gateway = await StartAsync(
            BalanceAlgorithm.RoundRobin,
            At(spare) with
            {
                IsBackup = true,
            },
            new EndpointSettings((IPEndPoint)refusing.LocalEndPoint!),
            At(serving)
        );
        Visit(gateway);
        Assert.Equal((1, 0), (usual.Value, backup.Value));
        await serving.DisposeAsync();
        Visit(gateway);
        Assert.Equal((1, 1), (usual.Value, backup.Value));
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 2);
    }

    [Fact]
    public async Task An_endpoint_that_does_not_answer_costs_its_timeout_and_no_client()
    {
        using var hung = new Socket(SocketType.Stream, ProtocolType.Tcp);
        hung.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        // A queue of one, taken by the first connection: the kernel drops further SYNs.
        hung.Listen(0);
        using var first = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await first.ConnectAsync(hung.LocalEndPoint!);
        await using var healthy = TestUpstream.Echo();
        await using var gateway = await StartAsync(
            BalanceAlgorithm.RoundRobin,
            new EndpointSettings((IPEndPoint)hung.LocalEndPoint!),
            At(healthy)
        );
        for (var i = 0; i < 4; i++)
            Visit(gateway);
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 4);
    }

    /// <summary>A message of the endpoint before must not pass for the next one's: that would count as connected, and nothing would end it.</summary>
    [Fact]
    public async Task A_late_word_of_one_endpoint_does_not_make_the_next_one_connected()
    {
        using var hung = new Socket(SocketType.Stream, ProtocolType.Tcp);
        hung.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        hung.Listen(0);
        using var first = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await first.ConnectAsync(hung.LocalEndPoint!);
        await using var healthy = TestUpstream.Echo();
        await using var gateway = await StartAsync(
            BalanceAlgorithm.RoundRobin,
            new EndpointSettings((IPEndPoint)hung.LocalEndPoint!),
            At(healthy) with
            {
                IsBackup = true,
            }
        );
        using (var client = EngineClient.Open(gateway.EndPoint, TlsVersion.Tls12))
        {
            await RunningGateway.UntilAsync(() => gateway.Count(static c => c.FullTls12) == 1, gateway.Describe);
            gateway.System.ActorSelection("/user/loop-*/*/*/*").Tell(SocketWritable.Instance);
            gateway.System.ActorSelection("/user/loop-*/*/*/*").Tell(SocketReadable.Instance);
            client.AssertEchoes("by the backup");
        }

        await gateway.UntilClosedAsync(CloseReason.ClientTruncated);
    }

    [Fact]
    public async Task No_more_endpoints_are_tried_than_was_said()
    {
        using var refusing = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        refusing.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var another = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        another.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var last = TestUpstream.Echo();
        var listener = Listener(
            BalanceAlgorithm.RoundRobin,
            new EndpointSettings((IPEndPoint)refusing.LocalEndPoint!),
            new EndpointSettings((IPEndPoint)another.LocalEndPoint!),
            At(last) with
            {
                IsBackup = true,
            }
        );
        await using var gateway = await RunningGateway.StartAsync(
            listener with
            {
                Upstream = listener.Upstream! with { ConnectAttempts = 2 },
            },
            loops: 1
        );
        using (var client = EngineClient.Open(gateway.EndPoint))
            client.ReadToEnd();
        await gateway.UntilClosedAsync(CloseReason.UpstreamConnectFailed);
    }

    private static void Visit(RunningGateway gateway)
    {
        using var client = EngineClient.Open(gateway.EndPoint);
        client.AssertEchoes("a visit");
    }

    private ListenerSettings Listener(BalanceAlgorithm algorithm, params EndpointSettings[] endpoints)
    {
        var listener = RunningGateway.Listener(_certificates.Localhost, (IPEndPoint)endpoints[0].Address);
        return listener with
        {
            Upstream = listener.Upstream! with
            {
                Endpoints = endpoints,
                Balance = algorithm,
                ConnectTimeout = TimeSpan.FromMilliseconds(500),
            },
        };
    }

    private Task<RunningGateway> StartAsync(BalanceAlgorithm algorithm, params EndpointSettings[] endpoints) =>
        RunningGateway.StartAsync(Listener(algorithm, endpoints), loops: 1);

    private static EndpointSettings At(TestUpstream upstream) => new(upstream.EndPoint);

    /// <summary>Echoes, and counts its connections.</summary>
    private static TestUpstream Counting(Counter connections) =>
        new(async socket =>
        {
            connections.Add(1);
            var buffer = new byte[4096];
            int read;
            while ((read = await socket.ReceiveAsync(buffer)) > 0)
                await TestUpstream.SendAllAsync(socket, buffer.AsMemory(0, read));
            socket.Shutdown(SocketShutdown.Send);
        });
}
