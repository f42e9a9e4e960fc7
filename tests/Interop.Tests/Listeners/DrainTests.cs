using System.Net;
using System.Net.Sockets;
using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Listeners;

public sealed class DrainTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task Draining_refuses_new_connections_and_waits_for_open_ones()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        var endPoint = gateway.EndPoint;
        await using var client = await SslStreamClient.ConnectAsync(gateway, _certificates);
        await client.EchoAsync("before");

        var draining = gateway.Host.DrainAsync(TimeSpan.FromMinutes(10), CancellationToken.None);
        await RunningGateway.UntilAsync(() => Refuses(endPoint), "new connections are refused");
        await client.EchoAsync("while draining");
        Assert.True(gateway.Host.IsDraining);
        Assert.False(draining.IsCompleted, "the drain did not wait for the open connection");
        await client.CloseAsync();
        await draining.WaitAsync(RunningGateway.Patience);
        Assert.Equal((0, 1), (gateway.Host.OpenConnections, gateway.Closed(CloseReason.Completed)));
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public async Task When_the_time_is_over_the_rest_gets_close_notify(TlsVersion version)
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        using var first = EngineClient.Open(gateway.EndPoint, version);
        using var second = EngineClient.Open(gateway.EndPoint, version);
        first.Send("first"u8);
        first.Expect("first");

        var draining = gateway.Host.DrainAsync(TimeSpan.FromMilliseconds(50), CancellationToken.None);
        Assert.Equal(TlsStatus.Closed, first.ReadToEnd());
        Assert.Equal(TlsStatus.Closed, second.ReadToEnd());
        first.Shutdown();
        second.Shutdown();
        first.Dispose();
        second.Dispose();
        await draining.WaitAsync(RunningGateway.Patience);
        Assert.Equal((0, 2), (gateway.Host.OpenConnections, gateway.Closed(CloseReason.Drained)));
    }

    [Fact]
    public async Task A_connection_accepted_before_the_drain_is_served_though_its_ClientHello_comes_later()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        var endPoint = gateway.EndPoint;
        using var client = EngineClient.Connect(endPoint);
        var draining = gateway.Host.DrainAsync(TimeSpan.FromMinutes(10), CancellationToken.None);
        await RunningGateway.UntilAsync(() => Refuses(endPoint), "new connections are refused");
        client.Handshake();
        client.AssertEchoes("served");
        Assert.False(draining.IsCompleted, "the drain did not wait for the accepted connection");
        client.CloseCleanly();
        await draining.WaitAsync(RunningGateway.Patience);
        Assert.Equal(1, gateway.Closed(CloseReason.Completed));
    }

    [Fact]
    public async Task A_connection_without_a_ClientHello_ends_with_the_drain_time()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        using var silent = EngineClient.Connect(gateway.EndPoint);
        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 1, "the connection is accepted");
        await gateway.Host.DrainAsync(TimeSpan.FromMilliseconds(50), CancellationToken.None).WaitAsync(RunningGateway.Patience);
        Assert.Equal((0, 1), (gateway.Host.OpenConnections, gateway.Closed(CloseReason.Drained)));
        Assert.False(silent.Pull(), "the gateway sent something");
    }

    [Fact]
    public async Task The_waiting_can_be_cut_short()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        using var client = EngineClient.Open(gateway.EndPoint);
        using var stopNow = new CancellationTokenSource();
        var draining = gateway.Host.DrainAsync(TimeSpan.FromMinutes(10), stopNow.Token);
        await stopNow.CancelAsync();
        await draining.WaitAsync(RunningGateway.Patience);
        Assert.Equal(1, gateway.Host.OpenConnections);
        client.CloseCleanly();
    }

    [Fact]
    public async Task An_idle_gateway_drains_at_once()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        await gateway.Host.DrainAsync(TimeSpan.FromMinutes(10), CancellationToken.None).WaitAsync(RunningGateway.Patience);
        Assert.True(Refuses(gateway.EndPoint));
    }

    private static bool Refuses(IPEndPoint endPoint)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(endPoint);
            return false;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return true;
        }
    }
}
