using System.Net;
using System.Net.Sockets;
using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Listeners;

public sealed class ListenerTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task IPv6_is_served()
    {
        if (!Socket.OSSupportsIPv6 || !await CanBindAsync(IPAddress.IPv6Loopback))
            Assert.Skip("this machine has no IPv6 loopback");
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        await using var gateway = await RunningGateway.StartAsync(listener with { Bind = new IPEndPoint(IPAddress.IPv6Loopback, 0) });
        Assert.Equal(AddressFamily.InterNetworkV6, gateway.EndPoint.AddressFamily);
        await using var client = await SslStreamClient.ConnectAsync(gateway, _certificates);
        await client.EchoAsync("over IPv6");
        await client.CloseAsync();
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Fact]
    public async Task One_connection_too_many_gets_an_alert_and_the_others_go_on()
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        await using var gateway = await RunningGateway.StartAsync(listener with { MaxConnections = 2 });
        await using var first = await SslStreamClient.ConnectAsync(gateway, _certificates);
        await using var second = await SslStreamClient.ConnectAsync(gateway, _certificates);

        Assert.Equal("1503030002" + "0250", await ReadAllAsync(gateway.EndPoint)); // record: alert; fatal, internal_error
        Assert.Equal(
            (1, 1, 2),
            (
                gateway.Closed(CloseReason.TooManyConnections),
                gateway.Count(c => c.Refused(CloseReason.TooManyConnections)),
                gateway.Host.OpenConnections
            )
        );
        await first.EchoAsync("first");
        await second.EchoAsync("second");

        await first.CloseAsync();
        await gateway.UntilClosedAsync(CloseReason.Completed);
        await using var third = await SslStreamClient.ConnectAsync(gateway, _certificates);
        await third.EchoAsync("there is room again");
    }

    /// <summary>Connects, sends nothing, and reads to the end.</summary>
    private static async Task<string> ReadAllAsync(IPEndPoint gateway)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(gateway);
        await using var stream = new NetworkStream(socket);
        using var all = new MemoryStream();
        await stream.CopyToAsync(all).WaitAsync(RunningGateway.Patience);
        return Convert.ToHexString(all.ToArray());
    }

    private static async Task<bool> CanBindAsync(IPAddress address)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, 0));
            socket.Listen(1);
            using var client = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(socket.LocalEndPoint!);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
