using System.Net;
using System.Net.Sockets;
using TlsGateway.Actors;
using TlsGateway.Actors.Routing;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Listeners;

public sealed class AccessTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task Who_is_denied_is_closed_at_accept_and_counted()
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        var denied = listener with { Access = new AccessList([], [IPNetwork.Parse("127.0.0.0/8")]) };
        var log = new CapturedLog();
        await using var gateway = await RunningGateway.StartAsync(denied, loops: 1, log);
        for (var i = 0; i < 20; i++)
        {
            using var socket = EngineClient.ConnectSocket(gateway.EndPoint);
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1]).WaitAsync(RunningGateway.Patience));
        }

        await gateway.UntilClosedAsync(CloseReason.AddressDenied, 20);
        Assert.Equal(
            (20, 20, 0),
            (
                gateway.Count(static c => c.Accepted),
                gateway.Count(static c => c.Refused(CloseReason.AddressDenied)),
                gateway.Count(static c => c.Refused(CloseReason.TooManyConnections))
            )
        );
        Assert.InRange(log.Lines.Count(static line => line.Contains("is refused, address_denied", StringComparison.Ordinal)), 1, 19);

        await gateway.ReloadAsync(listener);
        using (var client = EngineClient.Open(gateway.EndPoint))
            client.AssertEchoes("let in after a reload");
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated);
    }

    [Fact]
    public async Task Behind_a_proxy_the_address_in_its_header_counts()
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        await using var gateway = await RunningGateway.StartAsync(
            listener with
            {
                ProxyProtocolFrom = PrefixTable.Of([IPNetwork.Parse("127.0.0.0/8")]),
                Access = new AccessList([], [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("192.0.2.0/24")]),
            }
        );
        using (var socket = EngineClient.ConnectSocket(gateway.EndPoint))
        {
            socket.Send("PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n"u8);
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1]).WaitAsync(RunningGateway.Patience));
        }

        await gateway.UntilClosedAsync(CloseReason.AddressDenied);
        using (var client = EngineClient.Connect(gateway.EndPoint, TlsVersion.Tls13))
        {
            client.Socket.Send("PROXY TCP4 192.0.3.7 198.51.100.1 1 2\r\n"u8);
            client.Handshake();
            client.AssertEchoes("another address");
        }

        await gateway.UntilClosedAsync(CloseReason.ClientTruncated);
    }
}
