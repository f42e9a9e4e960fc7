using System.Net;
using System.Net.Sockets;
using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Upstreams;

public sealed class UpstreamConnectTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    /// <summary>The client must not take it for the end of an empty answer.</summary>
    [Theory]
    [InlineData(TlsEngine.OpenSsl, UpstreamFailureAction.Alert, TlsVersion.Tls13, TlsFailureKind.PeerAlert, 80)]
    [InlineData(TlsEngine.BouncyCastle, UpstreamFailureAction.Alert, TlsVersion.Tls13, TlsFailureKind.PeerAlert, 80)]
    [InlineData(TlsEngine.BouncyCastle, UpstreamFailureAction.Alert, TlsVersion.Tls12, TlsFailureKind.PeerAlert, 80)]
    [InlineData(TlsEngine.OpenSsl, UpstreamFailureAction.Alert, TlsVersion.Tls12, TlsFailureKind.PeerAlert, 80)]
    [InlineData(TlsEngine.OpenSsl, UpstreamFailureAction.Close, TlsVersion.Tls13, TlsFailureKind.Truncated, -1)]
    public async Task An_upstream_that_refuses_ends_the_connection_as_is_said(
        TlsEngine engine,
        UpstreamFailureAction action,
        TlsVersion version,
        TlsFailureKind expected,
        int alert
    )
    {
        using var refusing = Refusing();
        var listener = Listener((IPEndPoint)refusing.LocalEndPoint!);
        await using var gateway = await RunningGateway.StartAsync(
            listener with
            {
                Engine = engine,
                Upstream = listener.Upstream! with { OnFailure = action },
            }
        );
        using var client = EngineClient.Open(gateway.EndPoint, version);
        Assert.Equal((TlsStatus.Error, expected), (client.ReadToEnd(), client.Session.Failure.Kind));
        if (alert >= 0)
            Assert.Equal(alert, client.Session.Failure.Alert);
        client.Dispose();
        await gateway.UntilClosedAsync(CloseReason.UpstreamConnectFailed);
        Assert.Equal(0, gateway.Count(c => c.HandshakeFailures(CloseReason.UpstreamConnectFailed)));
    }

    [Fact]
    public async Task An_upstream_that_refuses_can_end_the_connection_with_a_reset()
    {
        using var refusing = Refusing();
        var listener = Listener((IPEndPoint)refusing.LocalEndPoint!);
        await using var gateway = await RunningGateway.StartAsync(
            listener with
            {
                Upstream = listener.Upstream! with { OnFailure = UpstreamFailureAction.Reset },
            }
        );
        using var client = EngineClient.Connect(gateway.EndPoint);
        // The reset may come with the end of the handshake.
        var reset = Assert.Throws<SocketException>(() =>
        {
            client.Handshake();
            client.ReadToEnd();
        });
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        await gateway.UntilClosedAsync(CloseReason.UpstreamConnectFailed);
    }

    [Fact]
    public async Task An_endpoint_can_be_connected_to_while_the_handshake_goes_on()
    {
        var connected = new Counter();
        await using var upstream = new TestUpstream(async socket =>
        {
            connected.Add(1);
            // It speaks first.
            await TestUpstream.SendAllAsync(socket, "220 ready\r\n"u8.ToArray());
            var buffer = new byte[100];
            int read;
            while ((read = await socket.ReceiveAsync(buffer)) > 0)
                await TestUpstream.SendAllAsync(socket, buffer.AsMemory(0, read));
            socket.Shutdown(SocketShutdown.Send);
        });
        await using var gateway = await RunningGateway.StartAsync(PreConnecting(upstream.EndPoint));
        using (var client = EngineClient.Connect(gateway.EndPoint))
        {
            Assert.Equal(TlsStatus.WantRead, client.Session.Handshake());
            client.Flush();
            await RunningGateway.UntilAsync(() => connected.Value == 1, "a connection before the handshake is over");
            client.Handshake();
            client.Expect("220 ready\r\n");
            client.AssertEchoes("and on");
            client.CloseCleanly();
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
        // A handshake that fails gives the connection back.
        using (var client = EngineClient.ConnectSocket(gateway.EndPoint))
        {
            client.Send(EngineClient.ClientHello());
            await RunningGateway.UntilAsync(() => connected.Value == 2, "a second connection");
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
    }

    [Fact]
    public async Task A_connection_that_fails_while_the_handshake_goes_on_ends_behind_it()
    {
        using var refusing = Refusing();
        await using var gateway = await RunningGateway.StartAsync(PreConnecting((IPEndPoint)refusing.LocalEndPoint!));
        using (var client = EngineClient.Connect(gateway.EndPoint))
        {
            Assert.Equal(TlsStatus.WantRead, client.Session.Handshake());
            client.Flush();
            await RunningGateway.UntilAsync(() => gateway.Host.Upstreams[0].Counters.Endpoints.Failed == 1, "the attempt failed");
            client.Handshake();
            Assert.Equal((TlsStatus.Error, TlsFailureKind.Truncated), (client.ReadToEnd(), client.Session.Failure.Kind));
        }

        await gateway.UntilClosedAsync(CloseReason.UpstreamConnectFailed);
    }

    private ListenerSettings PreConnecting(IPEndPoint upstream)
    {
        var listener = Listener(upstream);
        return listener with { Upstream = listener.Upstream! with { PreConnect = true } };
    }

    [Fact]
    public async Task The_second_address_is_used_when_the_first_refuses()
    {
        using var refusing = Refusing();
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(Listener((IPEndPoint)refusing.LocalEndPoint!, upstream.EndPoint));
        await using var client = await SslStreamClient.ConnectAsync(gateway, _certificates);
        await client.EchoAsync("by the second");
        await client.CloseAsync();
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Fact]
    public async Task Data_sent_at_once_reaches_the_second_address()
    {
        using var refusing = Refusing();
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(Listener((IPEndPoint)refusing.LocalEndPoint!, upstream.EndPoint));
        using var client = EngineClient.Open(gateway.EndPoint, TlsVersion.Tls13);
        client.Send("sent before any upstream was there"u8);
        client.Shutdown();
        client.Expect("sent before any upstream was there");
        Assert.Equal(TlsStatus.Closed, client.ReadToEnd());
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Fact]
    public async Task An_upstream_that_does_not_answer_is_given_up()
    {
        using var full = new Socket(SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        // A queue of one, taken by the first connection: the kernel drops further SYNs.
        full.Listen(0);
        using var first = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await first.ConnectAsync(full.LocalEndPoint!);
        var listener = Listener((IPEndPoint)full.LocalEndPoint!);
        listener = listener with { Upstream = listener.Upstream! with { ConnectTimeout = TimeSpan.FromMilliseconds(100) } };
        await using var gateway = await RunningGateway.StartAsync(listener);
        using var client = EngineClient.Open(gateway.EndPoint, TlsVersion.Tls12);
        Assert.Equal((TlsStatus.Error, TlsFailureKind.PeerAlert), (client.ReadToEnd(), client.Session.Failure.Kind));
        client.Dispose();
        await gateway.UntilClosedAsync(CloseReason.UpstreamConnectTimeout);
    }

    [Fact]
    public async Task What_the_upstream_sent_before_it_was_reset_is_delivered()
    {
        await using var upstream = new TestUpstream(async socket =>
        {
            var buffer = new byte[16];
            await socket.ReceiveAsync(buffer);
            await TestUpstream.SendAllAsync(socket, "half an answer"u8.ToArray());
            // Reset, but only after the gateway has taken the data and said so.
            await socket.ReceiveAsync(buffer);
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        });
        await using var gateway = await RunningGateway.StartAsync(Listener(upstream.EndPoint));
        using var client = EngineClient.Open(gateway.EndPoint, TlsVersion.Tls13);
        client.Send("question"u8);
        client.Expect("half an answer");
        client.Send("now break"u8);
        Assert.Equal((TlsStatus.Error, TlsFailureKind.Truncated), (client.ReadToEnd(), client.Session.Failure.Kind));
        client.Dispose();
        await gateway.UntilClosedAsync(CloseReason.UpstreamReset);
    }

    private ListenerSettings Listener(params IPEndPoint[] upstreams)
    {
        var listener = RunningGateway.Listener(_certificates.Localhost, upstreams[0]);
        return listener with
        {
            Upstream = listener.Upstream! with { Endpoints = [.. upstreams.Select(static e => new EndpointSettings(e))] },
        };
    }

    /// <summary>Bound, not listening: the port is nobody else's and connecting to it is refused.</summary>
    private static Socket Refusing()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }
}
