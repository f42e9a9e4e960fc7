using System.Net;
using System.Net.Sockets;
using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests;

/// <summary>However connections end, all that they took comes back; the fixture counts descriptors, native sessions and buffers.</summary>
public sealed class LeakTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task Five_hundred_connections_ended_in_every_way_leave_nothing()
    {
        const int Connections = 500;
        const int AtOnce = 40;
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        var random = new Random(11);
        var open = new List<Action>();
        for (var i = 0; i < Connections; i++)
        {
            open.Add(Begin(gateway.EndPoint, random));
            if (open.Count == AtOnce)
                EndOne(open, random);
        }

        while (open.Count > 0)
            EndOne(open, random);
        await RunningGateway.UntilAsync(
            () => Enum.GetValues<CloseReason>().Sum(gateway.Closed) == Connections,
            () => $"{Connections} ended: {gateway.Describe()}"
        );
        Assert.Equal(Connections, gateway.Count(static c => c.Accepted));
        Assert.Equal(0, gateway.Closed(CloseReason.InternalError));
        CloseReason[] expected =
        [
            CloseReason.Completed,
            CloseReason.ClientClosedBeforeHello,
            CloseReason.ClientClosedInHandshake,
            CloseReason.ClientReset,
            CloseReason.ClientTruncated,
            CloseReason.PlainHttp,
            CloseReason.NotTls,
            CloseReason.ProtocolViolation,
        ];
        Assert.All(expected, reason => Assert.NotEqual(0, gateway.Closed(reason)));
    }

    [Fact]
    public async Task Terminating_the_system_under_200_connections_leaves_nothing()
    {
        const int Each = 50;
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        var clients = new List<EngineClient>();
        for (var i = 0; i < Each; i++)
        {
            clients.Add(EngineClient.Connect(gateway.EndPoint)); // silent
            clients.Add(EngineClient.Connect(gateway.EndPoint)); // in the handshake
            _ = clients[^1].Session.Handshake();
            clients[^1].FlushFirst(clients[^1].Session.TxPending.Length / 2);
            var version = i % 2 == 0 ? TlsVersion.Tls12 : TlsVersion.Tls13;
            clients.Add(EngineClient.Open(gateway.EndPoint, version)); // open, with half a record
            clients[^1].AssertEchoes("open");
            _ = clients[^1].Session.Write(new byte[1000], out _);
            clients[^1].FlushFirst(500);
            clients.Add(EngineClient.Open(gateway.EndPoint, version, receiveBufferBytes: 4096)); // in a transfer, and it does not read
            StartSending(clients[^1]);
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == clients.Count, "all accepted");
        await gateway.TerminateAsync();
        Assert.Equal(clients.Count, gateway.Closed(CloseReason.Stopped));
        foreach (var client in clients)
            client.Dispose();
    }

    private static void EndOne(List<Action> open, Random random)
    {
        var at = random.Next(open.Count);
        open[at]();
        open.RemoveAt(at);
    }

    /// <summary>Begins a connection; what is returned ends it.</summary>
    private static Action Begin(IPEndPoint gateway, Random random)
    {
        var version = random.Next(2) == 0 ? TlsVersion.Tls12 : TlsVersion.Tls13;
        switch (random.Next(10))
        {
            case 0:
                return EngineClient.ConnectSocket(gateway).Dispose;
            case 1:
                return Raw(gateway, "GET / HTTP/1.0\r\n\r\n"u8);
            case 2:
                return Raw(gateway, Seeded.Bytes(random.Next(), 300).AsSpan());
            case 3:
                return Raw(gateway, EngineClient.ClientHello(version).AsSpan(0, 100));
            case 4:
                return With(EngineClient.Connect(gateway, version), StartHandshake, static c => c.Reset());
            case 5:
                return With(EngineClient.Open(gateway, version), static c => c.AssertEchoes("reset"), static c => c.Reset());
            case 6:
                return With(EngineClient.Open(gateway, version), static c => c.AssertEchoes("cut"), static c => c.Socket.Close());
            case 7:
                return With(EngineClient.Open(gateway, version, receiveBufferBytes: 4096), StartSending, static c => c.Reset());
            case 8:
                return With(
                    EngineClient.Open(gateway, version),
                    static c => _ = c.Socket.Send(stackalloc byte[100]),
                    static c => c.ReadToEnd()
                );
            default:
                return With(EngineClient.Open(gateway, version), static c => c.AssertEchoes("clean"), static c => c.CloseCleanly());
        }
    }

    private static Action With(EngineClient client, Action<EngineClient> begin, Action<EngineClient> end)
    {
        begin(client);
        return () =>
        {
            end(client);
            client.Dispose();
        };
    }

    private static Action Raw(IPEndPoint gateway, ReadOnlySpan<byte> bytes)
    {
        var socket = EngineClient.ConnectSocket(gateway);
        socket.Send(bytes);
        return () =>
        {
            socket.Shutdown(SocketShutdown.Send);
            while (socket.Receive(new byte[1000], SocketFlags.None, out _) > 0) { }
            socket.Dispose();
        };
    }

    private static void StartHandshake(EngineClient client)
    {
        _ = client.Session.Handshake();
        client.Flush();
        Assert.True(client.Pull());
    }

    /// <summary>Sends what the sockets take without reading any of the echo.</summary>
    private static void StartSending(EngineClient client)
    {
        client.Socket.Blocking = false;
        var chunk = new byte[64 * 1024];
        for (var i = 0; i < 8; i++)
        {
            _ = client.Session.Write(chunk, out _);
            var sent = client.Socket.Send(client.Session.TxPending, SocketFlags.None, out _);
            client.Session.TxConsume(sent);
        }
    }
}
