using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Listeners;

/// <summary>A listener's actor that fails is replaced, and no control call waits for it in vain.</summary>
public sealed class ListenerFailureTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_failed_listener_is_opened_again_on_the_same_port()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint),
            loops: 1
        );
        var endPoint = gateway.EndPoint;
        await using (var lost = await SslStreamClient.ConnectAsync(gateway, _certificates))
        {
            await lost.EchoAsync("before");
            Fail(gateway);
            await gateway.UntilClosedAsync(CloseReason.Stopped);
        }

        await RunningGateway.UntilAsync(() => Accepts(endPoint), "the port is listened on again");
        await using var client = await SslStreamClient.ConnectAsync(gateway, _certificates);
        await client.EchoAsync("after");
        await client.CloseAsync();
    }

    [Fact]
    public async Task A_reload_reaches_a_failed_listener()
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        await using var gateway = await RunningGateway.StartAsync(listener);
        Fail(gateway);
        await gateway.ReloadAsync(
            listener with
            {
                Tls = listener.Tls with { Certificates = [_certificates.Leaf("renewed", "renewed.test")] },
            }
        );
        var endPoint = gateway.EndPoint;
        await RunningGateway.UntilAsync(() => Accepts(endPoint), "the port is listened on again");
        for (var i = 0; i < 8; i++)
        {
            await using var client = await SslStreamClient.ConnectAsync(gateway, _certificates, serverName: "renewed.test");
            Assert.Equal("renewed", client.CertificateName);
            await client.EchoAsync("after");
            await client.CloseAsync();
        }
    }

    [Fact]
    public async Task A_drain_does_not_wait_for_a_failed_listener()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        await using (var lost = await SslStreamClient.ConnectAsync(gateway, _certificates))
        {
            await lost.EchoAsync("before");
            var draining = gateway.Host.DrainAsync(TimeSpan.FromMinutes(10), CancellationToken.None);
            Fail(gateway);
            await draining.WaitAsync(RunningGateway.Patience);
        }

        Assert.Equal(1, gateway.Closed(CloseReason.Stopped));
    }

    /// <summary>Kill is what Akka has for this: the actor throws on it, as by a defect.</summary>
    private static void Fail(RunningGateway gateway) => gateway.System.ActorSelection("/user/loop-*/*").Tell(Kill.Instance);

    private static bool Accepts(IPEndPoint endPoint)
    {
        using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(endPoint);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
