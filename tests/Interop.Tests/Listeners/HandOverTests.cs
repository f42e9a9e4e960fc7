using System.Net;
using System.Net.Sockets;
using TlsGateway.Actors;
using TlsGateway.Actors.Routing;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Interop.Tests.Listeners;

/// <summary>One gateway hands its connections to another.</summary>
public sealed class HandOverTests : IDisposable
{
    private readonly TestCertificates _certificates = new();
    private readonly FixedPlacement _placement = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task The_other_one_serves_the_client_as_if_it_had_come_there()
    {
        await using var upstream = TestUpstream.Echo();
        await using var origin = await StartAsync(upstream.EndPoint, _placement);
        await using var target = await StartAsync(upstream.EndPoint, new FixedPlacement());
        _placement.Use(target.Host.RelayEndPoint);
        using var client = EngineClient.Open(origin.EndPoint);
        client.AssertEchoes("over two gateways");
        var page = await target.Host.ListConnectionsAsync(new(), after: null, limit: 10);
        var seen = Assert.Single(page.Connections);
        Assert.Equal(client.Socket.LocalEndPoint, seen.Peer);
        Assert.Equal("origin:4053", seen.RelayedFrom);
        Assert.Equal((0, 1), (origin.Host.OpenConnections, target.Host.OpenConnections));
        Assert.Equal((1, 1), (Relayed.Sent(origin, "relayed"), Relayed.Received(target, "relayed")));
        client.CloseCleanly();
        await target.UntilClosedAsync(CloseReason.Completed);
        Assert.Equal(1, origin.Closed(CloseReason.Relayed));
    }

    [Fact]
    public async Task Much_goes_both_ways_at_once_whole()
    {
        var down = new byte[24 * 1024 * 1024];
        var up = new byte[16 * 1024 * 1024];
        Random random = new(7);
        random.NextBytes(down);
        random.NextBytes(up);
        Counter received = new();
        await using var upstream = TestUpstream.Duplex(down, up, received);
        await using var origin = await StartAsync(upstream.EndPoint, _placement);
        await using var target = await StartAsync(upstream.EndPoint, new FixedPlacement());
        _placement.Use(target.Host.RelayEndPoint);
        // A small window: the relay has to hold back.
        using var client = EngineClient.Connect(origin.EndPoint, receiveBufferBytes: 16 * 1024);
        client.Handshake();
        var heard = new byte[down.Length];
        client.Exchange(up, heard);
        Assert.True(down.AsSpan().SequenceEqual(heard));
        await RunningGateway.UntilAsync(() => received.Value == up.Length, () => $"all has come: {received.Value} of {up.Length}");
        client.CloseCleanly();
    }

    [Fact]
    public async Task A_reset_on_one_side_is_one_on_the_other()
    {
        await using var upstream = TestUpstream.Echo();
        await using var origin = await StartAsync(upstream.EndPoint, _placement);
        await using var target = await StartAsync(upstream.EndPoint, new FixedPlacement());
        _placement.Use(target.Host.RelayEndPoint);
        using (var client = EngineClient.Open(origin.EndPoint))
        {
            client.AssertEchoes("once");
            client.Reset();
        }
        await target.UntilClosedAsync(CloseReason.ClientReset);
    }

    [Fact]
    public async Task What_came_from_another_is_not_handed_on()
    {
        await using var upstream = TestUpstream.Echo();
        FixedPlacement back = new();
        await using var origin = await StartAsync(upstream.EndPoint, _placement);
        await using var target = await StartAsync(upstream.EndPoint, back);
        _placement.Use(target.Host.RelayEndPoint);
        back.Use(origin.Host.RelayEndPoint);
        using var client = EngineClient.Open(origin.EndPoint);
        client.AssertEchoes("there");
        Assert.Equal((0, 1), (origin.Host.OpenConnections, target.Host.OpenConnections));
        client.CloseCleanly();
    }

    public enum Trouble
    {
        NobodyListens,
        SilentPeer,
        ClosesAtOnce,
        OtherKey,
        OtherListener,
        Full,
        Denied,
        Draining,
        ClosesAfterTheRequest,
        FalseConfirmation,
    }

    [Theory]
    [InlineData(Trouble.NobodyListens, "connect_failed")]
    [InlineData(Trouble.SilentPeer, "timed_out")]
    [InlineData(Trouble.ClosesAtOnce, "connect_failed")]
    [InlineData(Trouble.OtherKey, "declined")]
    [InlineData(Trouble.OtherListener, "declined")]
    [InlineData(Trouble.Full, "declined")]
    [InlineData(Trouble.Denied, "declined")]
    [InlineData(Trouble.Draining, "declined")]
    [InlineData(Trouble.ClosesAfterTheRequest, "declined")]
    [InlineData(Trouble.FalseConfirmation, "not_authentic")]
    public async Task What_the_other_does_not_take_is_served_where_it_came(Trouble trouble, string outcome)
    {
        await using var upstream = TestUpstream.Echo();
        await using var origin = await StartAsync(upstream.EndPoint, _placement);
        var settings = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        await using var target = await StartAsync(
            trouble switch
            {
                Trouble.OtherListener => settings with { Name = "other" },
                Trouble.Full => settings with { MaxConnections = 0 },
                Trouble.Denied => settings with { Access = new AccessList([], [IPNetwork.Parse("127.0.0.0/8")]) },
                _ => settings,
            },
            new FixedPlacement(),
            trouble == Trouble.OtherKey ? TicketKey.Create() : null
        );
        await using var peer = TestPeer.Start(trouble);
        if (trouble == Trouble.Draining)
        {
            await target.Host.DrainAsync(TimeSpan.Zero, CancellationToken.None);
        }
        _placement.Use(peer?.EndPoint ?? target.Host.RelayEndPoint);
        using var client = EngineClient.Open(origin.EndPoint);
        client.AssertEchoes("here");
        Assert.Equal((1, 0), (origin.Host.OpenConnections, target.Host.OpenConnections));
        Assert.Equal(1, Relayed.Sent(origin, outcome));
        client.CloseCleanly();
    }

    [Fact]
    public async Task A_client_that_has_gone_meanwhile_is_no_failure()
    {
        await using var upstream = TestUpstream.Echo();
        await using var origin = await StartAsync(upstream.EndPoint, _placement);
        await using var target = await StartAsync(upstream.EndPoint, new FixedPlacement());
        _placement.Use(target.Host.RelayEndPoint);
        using (EngineClient.ConnectSocket(origin.EndPoint)) { }
        await target.UntilClosedAsync(CloseReason.ClientClosedBeforeHello);
    }

    [Fact]
    public async Task A_drain_ends_what_is_relayed_when_its_time_is_over()
    {
        await using var upstream = TestUpstream.Echo();
        await using var origin = await StartAsync(upstream.EndPoint, _placement);
        await using var target = await StartAsync(upstream.EndPoint, new FixedPlacement());
        _placement.Use(target.Host.RelayEndPoint);
        using var client = EngineClient.Open(origin.EndPoint);
        client.AssertEchoes("before");
        await origin.Host.DrainAsync(TimeSpan.Zero, CancellationToken.None, new TestPeers(target.Host));
        // close_notify, by the one that serves it.
        Assert.Equal(TlsStatus.Closed, client.ReadToEnd());
        client.CloseCleanly();
        await target.UntilClosedAsync(CloseReason.Drained);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_drain_has_idle_relayed_connections_closed_bit_by_bit_while_there_is_room(bool hasRoom)
    {
        const int Idle = 16;
        await using var upstream = TestUpstream.Echo();
        await using var origin = await StartAsync(upstream.EndPoint, _placement);
        await using var target = await StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
            {
                ShutdownTimeout = RunningGateway.Patience,
            },
            new FixedPlacement()
        );
        _placement.Use(target.Host.RelayEndPoint);
        List<EngineClient> idle = [.. Enumerable.Range(0, Idle).Select(_ => EngineClient.Open(origin.EndPoint))];
        using var active = EngineClient.Open(origin.EndPoint);
        TestPeers peers = new(target.Host) { Room = hasRoom ? long.MaxValue : 0, Before = () => active.AssertEchoes("not idle") };
        // What belongs to the handshake is behind them.
        await RunningGateway.UntilAsync(
            async () =>
            {
                var page = await target.Host.ListConnectionsAsync(new(), after: null, limit: 100);
                return page.Connections.Count == Idle + 1
                    && page.Connections.All(static one => one.Phase == "open" && one.Idle > TimeSpan.FromMilliseconds(200));
            },
            static () => "all are idle"
        );

        var draining = origin.Host.DrainAsync(TimeSpan.FromSeconds(6), CancellationToken.None, peers);
        // None of them answers the close_notify before the time is over: it must not hurry on for that.
        await peers.Ended;
        if (hasRoom)
        {
            // Twelve steps; the one that is not idle is due too, and stays.
            Assert.Equal(Idle + 1, peers.Steps.Sum(static step => step.Count));
            Assert.All(peers.Steps, static step => Assert.InRange(step.Count, 1, 2));
            Assert.All(peers.Steps, static step => Assert.InRange(step.Idle, TimeSpan.FromSeconds(2.9), RunningGateway.Patience));
            Assert.Equal((Idle, 1), peers.AtTheEnd);
        }
        else
        {
            Assert.Empty(peers.Steps);
            Assert.Equal((0, Idle + 1), peers.AtTheEnd);
        }
        foreach (var client in idle.Append(active))
        {
            Assert.Equal(TlsStatus.Closed, client.ReadToEnd());
            client.CloseCleanly();
        }
        await draining.WaitAsync(RunningGateway.Patience);
        idle.ForEach(static client => client.Dispose());
    }

    private Task<RunningGateway> StartAsync(IPEndPoint upstream, FixedPlacement placement) =>
        StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream), placement);

    private static Task<RunningGateway> StartAsync(ListenerSettings listener, FixedPlacement placement, TicketKey? key = null) =>
        RunningGateway.StartAsync(
            new GatewaySettings { Generation = 1, Listeners = [listener] },
            loops: 2,
            new GatewayHostOptions { Relays = Relayed.Settings(placement, key) }
        );

    /// <summary>A fleet of the two.</summary>
    private sealed class TestPeers(GatewayHost target) : IDrainPeers
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long Room { get; init; }

        /// <summary>Called before each closing of some.</summary>
        public Action? Before { get; init; }

        /// <summary>When the time was over.</summary>
        public Task Ended => _ended.Task.WaitAsync(RunningGateway.Patience);

        /// <summary>What was to be closed.</summary>
        public List<(int Count, TimeSpan Idle)> Steps { get; } = [];

        /// <summary>Of the other one's connections, those that were about to end when the time was over, and those that were open.</summary>
        public (int Closing, int Open) AtTheEnd { get; private set; }

        public void CloseIdleRelayed(string member, int count, TimeSpan idle)
        {
            Assert.Equal("target:4053", member);
            Before?.Invoke();
            Steps.Add((count, idle));
            target.CloseIdleRelayed("somebody-else:4053", count, TimeSpan.Zero);
            target.CloseIdleRelayed("origin:4053", count, idle);
        }

        public void EndRelays() => _ = EndRelaysAsync();

        private async Task EndRelaysAsync()
        {
            var page = await target.ListConnectionsAsync(new(), after: null, limit: 100);
            var closing = page.Connections.Count(static one => one.Phase == "shutting_down");
            AtTheEnd = (closing, page.Connections.Count - closing);
            target.CloseRelayed("origin:4053");
            _ended.SetResult();
        }
    }

    /// <summary>What may be at the address of a member's relay port.</summary>
    private sealed class TestPeer : IAsyncDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly Task _serving;
        private Socket? _connection;

        private TestPeer(Trouble trouble)
        {
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
            if (trouble != Trouble.NobodyListens)
            {
                _listener.Listen();
                _serving = ServeAsync(trouble);
            }
            else
            {
                _serving = Task.CompletedTask;
            }
        }

        public IPEndPoint EndPoint { get; }

        public static TestPeer? Start(Trouble trouble) =>
            trouble
                is Trouble.NobodyListens
                    or Trouble.SilentPeer
                    or Trouble.ClosesAtOnce
                    or Trouble.ClosesAfterTheRequest
                    or Trouble.FalseConfirmation
                ? new TestPeer(trouble)
                : null;

        public async ValueTask DisposeAsync()
        {
            _listener.Dispose();
            await _serving;
            _connection?.Dispose();
        }

        private async Task ServeAsync(Trouble trouble)
        {
            try
            {
                _connection = await _listener.AcceptAsync();
                if (trouble is Trouble.ClosesAfterTheRequest or Trouble.FalseConfirmation)
                {
                    byte[] challenge = [.. "TGR1"u8, .. new byte[32]];
                    await _connection.SendAsync(challenge);
                    await _connection.ReceiveAsync(new byte[1024]);
                    if (trouble == Trouble.FalseConfirmation)
                    {
                        await _connection.SendAsync(challenge);
                    }
                }
                if (trouble is not Trouble.SilentPeer)
                {
                    _connection.Shutdown(SocketShutdown.Send);
                }
            }
            catch (SocketException)
            {
                // The test is over.
            }
        }
    }
}
