using System.Net;
using System.Net.Sockets;
using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Actors.Stalls;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Listeners;

/// <summary>What clients together may take, what one may take, and what becomes of the others when some take too much.</summary>
public sealed class LimitsTests : IDisposable
{
    private static readonly IPAddress Elsewhere = IPAddress.Parse("127.0.0.77");

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task All_listeners_together_have_a_limit_of_connections()
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        await using var gateway = await StartAsync(
            new GatewaySettings
            {
                Generation = 1,
                Listeners = [listener, listener with { Name = "other" }],
                Limits = new LimitSettings { Connections = 2 },
            }
        );
        using (var first = EngineClient.Open(gateway.EndPoint))
        using (var second = EngineClient.Open(gateway.Host.Listeners[1].EndPoint))
        {
            first.AssertEchoes("one");
            second.AssertEchoes("two");
            AssertRefused(gateway.EndPoint);
            await gateway.ReloadAsync(gateway.Settings with { Limits = new LimitSettings { Connections = 3 } });
            using var third = EngineClient.Open(gateway.EndPoint);
            third.AssertEchoes("three");
            AssertRefused(gateway.Host.Listeners[1].EndPoint);
        }

        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 3);
        Assert.Equal(2, gateway.Count(static c => c.Refused(CloseReason.TooManyConnections)));
    }

    [Fact]
    public async Task New_connections_come_at_a_rate()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
            {
                // One in a while: the others come within its second.
                Limits = new LimitSettings { ConnectionRate = 1 },
            }
        );
        var refused = 0;
        for (var i = 0; i < 20; i++)
        {
            using var client = EngineClient.ConnectSocket(gateway.EndPoint);
            client.Send(EngineClient.ClientHello());
            // A whole answer of the server, or an alert.
            refused += client.Receive(new byte[4096]) == 7 ? 1 : 0;
        }

        Assert.InRange(refused, 1, 19);
        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
        Assert.Equal(refused, gateway.Count(static c => c.Refused(CloseReason.ConnectionRateExceeded)));
    }

    [Fact]
    public async Task Full_handshakes_come_at_a_rate_and_resumed_ones_are_free()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
            {
                ClientLimits = new ClientLimitSettings { Limits = new LimitSettings { HandshakeRate = 3 } },
            }
        );
        using var context = TlsEngines.CreateClient(TlsEngine.OpenSsl, new TlsClientSettings { ServerName = "localhost" });
        for (var i = 0; i < 10; i++)
        {
            using var client = EngineClient.Connect(gateway.EndPoint, new BorrowedContext(context));
            client.Handshake();
            client.AssertEchoes("resumed, but for the first");
            Assert.Equal(i > 0, client.Session.IsResumed);
        }

        var served = 0;
        var refused = 0;
        while (refused == 0)
        {
            using var client = EngineClient.Connect(gateway.EndPoint);
            if (client.TryHandshake() == TlsStatus.Done)
                served++;
            else
                refused++;
            Assert.InRange(served, 0, 1000);
        }

        // Another network has a rate of its own.
        using (var other = EngineClient.OpenFrom(Elsewhere, gateway.EndPoint))
            other.AssertEchoes("from elsewhere");
        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
        Assert.Equal(1, gateway.Count(static c => c.Refused(CloseReason.ClientHandshakeRateExceeded)));
        Assert.Equal(1, gateway.Closed(CloseReason.ClientHandshakeRateExceeded));
    }

    [Fact]
    public async Task Bytes_come_and_go_at_a_rate_and_the_wait_is_our_own_doing()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
            {
                Limits = new LimitSettings { ReceiveRate = 2 * 1024 * 1024 },
                ClientLimits = new ClientLimitSettings { Limits = new LimitSettings { SendRate = 2 * 1024 * 1024 } },
            }
        );
        var sent = SeededBytes.Make(seed: 91, 2 * 1024 * 1024);
        var received = new byte[sent.Length];
        using (var client = EngineClient.Open(gateway.EndPoint))
        {
            client.Exchange(sent, received);
            client.CloseCleanly();
        }

        Assert.Equal(sent, received);
        await gateway.UntilClosedAsync(CloseReason.Completed);
        // Each instant is charged once, to what was held first.
        var waited =
            gateway.StallSeconds(StallOperation.Read, StallWant.Read, StallLeg.Downstream, StallCause.Self)
            + gateway.StallSeconds(StallOperation.Write, StallWant.Write, StallLeg.Downstream, StallCause.Self);
        Assert.True(waited > 0.3, $"{waited} s");
    }

    [Fact]
    public async Task A_client_that_takes_too_slowly_is_closed_and_one_that_has_nothing_to_take_is_not()
    {
        var piece = new byte[256 * 1024];
        await using var upstream = new TestUpstream(async socket =>
        {
            var question = new byte[1];
            if (await socket.ReceiveAsync(question) == 0 || question[0] != (byte)'!')
            {
                _ = await socket.ReceiveAsync(question);
                return;
            }

            while (true)
                await TestUpstream.SendAllAsync(socket, piece);
        });
        await using var gateway = await StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
            {
                MinimumRate = 1000,
                MinimumRateTime = TimeSpan.FromMilliseconds(500),
            }
        );
        using (var idle = EngineClient.Open(gateway.EndPoint))
        {
            idle.Send("?"u8);
            using (var slow = EngineClient.Open(gateway.EndPoint, receiveBufferBytes: 4096))
            {
                slow.Send("!"u8);
                await gateway.UntilClosedAsync(CloseReason.TooSlow);
            }

            // A record of which a part is held back.
            using (var dripping = EngineClient.Open(gateway.EndPoint))
            {
                Assert.Equal(TlsStatus.Done, dripping.Session.Write(new byte[1000], out _));
                dripping.FlushFirst(500);
                await gateway.UntilClosedAsync(CloseReason.TooSlow, 2);
            }

            Assert.Equal(1, gateway.Host.OpenConnections);
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
    }

    [Fact]
    public async Task A_connection_has_a_longest_life()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
            {
                MaximumLifetime = TimeSpan.FromMilliseconds(300),
            }
        );
        using (var client = EngineClient.Open(gateway.EndPoint))
        {
            client.AssertEchoes("alive");
            // In order: close_notify.
            Assert.Equal(TlsStatus.Closed, client.ReadToEnd());
        }

        await gateway.UntilClosedAsync(CloseReason.LifetimeExceeded);
    }

    [Fact]
    public async Task Half_a_connection_is_not_kept_for_ever()
    {
        var over = new TaskCompletionSource();
        await using var upstream = new TestUpstream(async socket =>
        {
            while (await socket.ReceiveAsync(new byte[100]) > 0) { }
            // The client's end was seen, and no answer comes.
            await over.Task;
        });
        await using var gateway = await StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
            {
                HalfClosedTimeout = TimeSpan.FromMilliseconds(300),
            }
        );
        using (var client = EngineClient.Open(gateway.EndPoint))
        {
            client.Send("a question"u8);
            client.Shutdown();
            client.ReadToEnd();
        }

        await gateway.UntilClosedAsync(CloseReason.HalfClosedTimeout);
        over.SetResult();
    }

    [Fact]
    public async Task Near_the_memory_limit_new_clients_are_refused_and_idle_ones_are_closed()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        using (var idle = EngineClient.Open(gateway.EndPoint))
        {
            idle.AssertEchoes("before");
            await gateway.ReloadAsync(gateway.Settings with { Memory = new MemorySettings { Limit = 1024 * 1024 } });
            Assert.Equal(TlsStatus.Closed, idle.ReadToEnd());
        }

        await gateway.UntilClosedAsync(CloseReason.MemoryPressure);
        AssertRefused(gateway.EndPoint);
        Assert.Equal(1, gateway.Count(static c => c.Refused(CloseReason.MemoryPressure)));
        await gateway.ReloadAsync(gateway.Settings with { Memory = new MemorySettings() });
        await RunningGateway.UntilAsync(Serves, "served again");
        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);

        bool Serves()
        {
            using var client = EngineClient.Connect(gateway.EndPoint);
            return client.TryHandshake() == TlsStatus.Done;
        }
    }

    [Fact]
    public async Task There_is_a_descriptor_for_every_connection_that_is_taken()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(
            new GatewaySettings { Generation = 1, Listeners = [RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint)] },
            loops: 2,
            new GatewayHostOptions { MaxConnections = 1 }
        );
        using (var client = EngineClient.Open(gateway.EndPoint))
        {
            client.AssertEchoes("the one");
            AssertRefused(gateway.EndPoint);
        }

        await gateway.UntilClosedAsync(CloseReason.ClientTruncated);
        Assert.Equal(1, gateway.Count(static c => c.Refused(CloseReason.OutOfDescriptors)));
    }

    [Fact]
    public async Task A_loop_that_is_behind_refuses_handshakes_and_goes_on_with_what_is_open()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
            {
                MaximumLoopDelay = TimeSpan.FromMilliseconds(100),
            },
            loops: 1
        );
        using (var open = EngineClient.Open(gateway.EndPoint))
        {
            open.AssertEchoes("before");
            // The loop is busy with something else for a while.
            await gateway.OnLoopAsync(
                0,
                static loop =>
                {
                    var until = loop.ReadTimestamp() + 600_000_000;
                    while (loop.ReadTimestamp() < until) { }
                    return 0;
                }
            );
            AssertRefused(gateway.EndPoint, EngineClient.ClientHello());
            open.AssertEchoes("still");
            await RunningGateway.UntilAsync(Serves, "served again");
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
        Assert.True(gateway.Closed(CloseReason.LoopOverloaded) > 0);

        bool Serves()
        {
            using var client = EngineClient.Connect(gateway.EndPoint);
            return client.TryHandshake() == TlsStatus.Done;
        }
    }

    /// <summary>Ten thousand connections from one network, another network's clients between them.</summary>
    [Fact]
    public async Task One_network_is_held_at_its_limit_while_another_is_served()
    {
        const int Attempts = 10_000;
        const int Limit = 100;
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
            {
                ClientLimits = new ClientLimitSettings { Limits = new LimitSettings { Connections = Limit } },
                // Those that hold the places say nothing, however long the machine takes for the others.
                HandshakeTimeout = TimeSpan.FromMinutes(10),
            }
        );
        var held = new List<Socket>();
        for (var i = 0; i < Attempts; i++)
        {
            held.Add(EngineClient.ConnectSocket(gateway.EndPoint));
            if (i < Limit)
            {
                // Two loops accept: who came first is settled before more come.
                if (i == Limit - 1)
                    await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == Limit, gateway.Describe);
                continue;
            }

            // Refused with an alert and the end of the connection: nothing is held for it.
            Assert.Equal(7, held[^1].Receive(new byte[100]));
            held[^1].Dispose();
            held.RemoveAt(held.Count - 1);
            if (i % 500 != 0)
                continue;
            using var other = EngineClient.OpenFrom(Elsewhere, gateway.EndPoint);
            other.AssertEchoes("from elsewhere");
        }

        Assert.Equal(Attempts - Limit, gateway.Count(static c => c.Refused(CloseReason.ClientTooManyConnections)));
        Assert.Equal(Limit, held.Count);
        held.ForEach(static socket => socket.Dispose());
        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
    }

    /// <summary>Five thousand clients that begin a handshake and leave it, then five thousand that begin a record and leave it.</summary>
    [Fact]
    public async Task Slow_clients_are_got_rid_of_while_others_are_served()
    {
        const int Clients = 5_000;
        const int Batch = 2_500;
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
            {
                HandshakeTimeout = TimeSpan.FromSeconds(2),
                MinimumRate = 64,
                MinimumRateTime = TimeSpan.FromSeconds(1),
            }
        );
        var hello = EngineClient.ClientHello();
        var inHandshake = new List<Socket>();
        for (var i = 0; i < Clients; i++)
        {
            inHandshake.Add(EngineClient.ConnectSocket(gateway.EndPoint));
            inHandshake[^1].Send(hello.AsSpan(0, 20));
            if (i % 500 == 0)
                Visit(gateway);
        }

        await gateway.UntilClosedAsync(CloseReason.HandshakeTimeout, Clients);
        inHandshake.ForEach(static socket => socket.Dispose());
        Visit(gateway);

        for (var batch = 0; batch < Clients / Batch; batch++)
        {
            var inRecord = new List<EngineClient>();
            for (var i = 0; i < Batch; i++)
            {
                inRecord.Add(EngineClient.Open(gateway.EndPoint));
                Assert.Equal(TlsStatus.Done, inRecord[^1].Session.Write(new byte[100], out _));
                inRecord[^1].FlushFirst(20);
            }

            Visit(gateway);
            await gateway.UntilClosedAsync(CloseReason.TooSlow, (batch + 1) * Batch);
            inRecord.ForEach(static client => client.Dispose());
        }

        Visit(gateway);
        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
    }

    private static void Visit(RunningGateway gateway)
    {
        using var client = EngineClient.Open(gateway.EndPoint);
        client.AssertEchoes("a visit");
    }

    /// <summary>An alert in plain text, internal_error, and the end.</summary>
    private static void AssertRefused(IPEndPoint gateway, byte[]? hello = null)
    {
        using var client = EngineClient.ConnectSocket(gateway);
        if (hello is not null)
            client.Send(hello);
        var answer = new byte[100];
        Assert.Equal(7, client.Receive(answer));
        Assert.Equal([21, 3, 3, 0, 2, 2, 80], answer[..7]);
        Assert.Equal(0, client.Receive(answer));
    }

    private static Task<RunningGateway> StartAsync(ListenerSettings listener) =>
        StartAsync(new GatewaySettings { Generation = 1, Listeners = [listener] });

    private static Task<RunningGateway> StartAsync(GatewaySettings settings) =>
        RunningGateway.StartAsync(settings, loops: 2, new GatewayHostOptions());
}
