using System.Net;
using System.Net.Sockets;
using System.Text;
using TlsGateway.Actors;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.ProxyProtocol;
using TlsGateway.Actors.Routing;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Interop.Tests.Upstreams;

/// <summary>The PROXY protocol, both versions and both ways, with nginx and HAProxy at the other end.</summary>
public sealed class ProxyProtocolTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("nginx", ProxyProtocolVersion.V1)]
    [InlineData("nginx", ProxyProtocolVersion.V2)]
    [InlineData("haproxy", ProxyProtocolVersion.V1)]
    [InlineData("haproxy", ProxyProtocolVersion.V2)]
    public async Task A_server_behind_sees_the_client(string server, ProxyProtocolVersion version)
    {
        var port = FreePort();
        await using var running = await StartAsync(server, port, Receiving(server, port));
        await using var gateway = await RunningGateway.StartAsync(Listener(port, version));
        using (var client = EngineClient.Connect(gateway.EndPoint, Context("localhost")))
        {
            client.Handshake();
            client.Send("GET / HTTP/1.0\r\n\r\n"u8);
            var local = (IPEndPoint)client.Socket.LocalEndPoint!;
            var answer = await ReadAllAsync(client);
            // Version 2 says the name that the client asked for; nginx 1.22 does not show it.
            var name = server == "haproxy" && version == ProxyProtocolVersion.V2 ? "-localhost" : "-";
            Assert.EndsWith($"{local.Address} {local.Port} {gateway.Port} {name}", answer, StringComparison.Ordinal);
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
    }

    [Theory]
    [InlineData("nginx", "proxy_protocol on;")]
    [InlineData("haproxy", "send-proxy")]
    [InlineData("haproxy", "send-proxy-v2")]
    [InlineData("haproxy", "send-proxy-v2 proxy-v2-options crc32c")]
    public async Task A_proxy_in_front_says_who_the_client_is(string proxy, string option)
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        await using var gateway = await RunningGateway.StartAsync(listener with { ProxyProtocolFrom = Loopback() });
        var port = FreePort();
        await using (await StartAsync(proxy, port, Sending(proxy, port, gateway.Port, option)))
        {
            using var client = EngineClient.Open(new IPEndPoint(IPAddress.Loopback, port));
            client.AssertEchoes("through two");
            // The first connection asked whether it listens.
            var shown = (await gateway.Host.ListConnectionsAsync(new ConnectionFilter(), null, 10)).Connections;
            Assert.Contains(client.Socket.LocalEndPoint, shown.Select(static c => (EndPoint)c.Peer));
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
    }

    [Fact]
    public async Task A_header_in_pieces_with_a_hello_behind_it_is_taken_and_a_route_goes_by_its_address()
    {
        await using var near = TestUpstream.Echo();
        await using var far = new TestUpstream(async socket =>
        {
            await TestUpstream.SendAllAsync(socket, "far"u8.ToArray());
            _ = await socket.ReceiveAsync(new byte[1]);
        });
        var listener = RunningGateway.Listener(_certificates.Localhost, near.EndPoint);
        await using var gateway = await RunningGateway.StartAsync(
            listener with
            {
                ProxyProtocolFrom = Loopback(),
                Routes =
                [
                    new RouteSettings
                    {
                        Name = "far",
                        Target = new RouteTarget.Relay(listener.Upstream! with { Endpoints = [new EndpointSettings(far.EndPoint)] }),
                        From = PrefixTable.Of([IPNetwork.Parse("2001:db8::/32")]),
                    },
                ],
            },
            loops: 1
        );
        using (var client = EngineClient.Connect(gateway.EndPoint, Context("localhost")))
        {
            foreach (var part in (string[])["PRO", "XY TCP6 2001:db8::7 ", "2001:db8::8 4711 443\r", "\n"])
            {
                client.Socket.Send(Encoding.ASCII.GetBytes(part));
                _ = await gateway.OnLoopAsync(0, static loop => loop.Index);
            }

            client.Handshake();
            client.Expect("far");
            var shown = (await gateway.Host.ListConnectionsAsync(new ConnectionFilter(), null, 10)).Connections[0];
            Assert.Equal(IPEndPoint.Parse("[2001:db8::7]:4711"), shown.Peer);
        }

        await gateway.UntilClosedAsync(CloseReason.ClientTruncated);
    }

    [Fact]
    public async Task A_broken_header_ends_the_connection_at_once_and_is_named()
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        await using var gateway = await RunningGateway.StartAsync(listener with { ProxyProtocolFrom = Loopback() });
        foreach (var bytes in (byte[][])[EngineClient.ClientHello(), "PROXY TCP4 nonsense\r\n"u8.ToArray()])
        {
            using var socket = EngineClient.ConnectSocket(gateway.EndPoint);
            socket.Send(bytes);
            Assert.Equal(0, await socket.ReceiveAsync(new byte[16]).WaitAsync(RunningGateway.Patience));
        }

        await gateway.UntilClosedAsync(CloseReason.BadProxyHeader, 2);
    }

    [Fact]
    public async Task From_others_no_header_is_taken()
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        await using var gateway = await RunningGateway.StartAsync(
            listener with
            {
                ProxyProtocolFrom = PrefixTable.Of([IPNetwork.Parse("192.0.2.0/24")]),
            }
        );
        using (var plain = EngineClient.Open(gateway.EndPoint))
            plain.AssertEchoes("no header needed");
        using (var socket = EngineClient.ConnectSocket(gateway.EndPoint))
        {
            socket.Send("PROXY TCP4 192.0.2.9 192.0.2.1 1 2\r\n"u8);
            Assert.Equal(0, await socket.ReceiveAsync(new byte[16]).WaitAsync(RunningGateway.Patience));
        }

        await gateway.UntilClosedAsync(CloseReason.NotTls);
    }

    [Fact]
    public async Task Version_2_tells_of_TLS_and_the_header_costs_no_credit()
    {
        var received = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new TestUpstream(async socket =>
        {
            var bytes = new byte[4096];
            var got = 0;
            while (!bytes.AsSpan(0, got).EndsWith("data"u8))
                got += await socket.ReceiveAsync(bytes.AsMemory(got));
            received.SetResult(bytes[..got]);
            _ = await socket.ReceiveAsync(bytes);
        });
        await using var gateway = await RunningGateway.StartAsync(Listener(upstream.EndPoint.Port, ProxyProtocolVersion.V2));
        using (var client = EngineClient.Connect(gateway.EndPoint, Context("localhost")))
        {
            client.Handshake();
            client.Send("data"u8);
            var wire = await received.Task.WaitAsync(RunningGateway.Patience);
            Assert.Equal(ProxyHeaderStatus.Complete, ProxyHeaderReader.Read(wire, out var header, out var length, out _));
            Assert.Equal("data", Encoding.ASCII.GetString(wire, length, wire.Length - length));
            Assert.Equal(("TLSv1.3", "localhost"), (header!.Tls!.Version, header.Authority));
            Assert.False(header.Tls.HasCertificate);
            Assert.NotEqual("", header.UniqueId);
        }

        await gateway.UntilClosedAsync(CloseReason.ClientTruncated);
        Assert.True(gateway.Count(static c => c.UpstreamSentBytes) > "data".Length);
    }

    private static PrefixTable Loopback() => PrefixTable.Of([IPNetwork.Parse("127.0.0.0/8")]);

    private ListenerSettings Listener(int port, ProxyProtocolVersion version)
    {
        var listener = RunningGateway.Listener(_certificates.Localhost, new IPEndPoint(IPAddress.Loopback, port));
        return listener with { Upstream = listener.Upstream! with { ProxyProtocol = version } };
    }

    private static OpenSslContext Context(string serverName) =>
        OpenSslContext.CreateClient(new TlsClientSettings { ServerName = serverName });

    private static async Task<string> ReadAllAsync(EngineClient client)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (true)
        {
            var status = client.Session.Read(buffer, out var read);
            text.Append(Encoding.ASCII.GetString(buffer, 0, read));
            if (status is TlsStatus.Closed or TlsStatus.Error)
                return text.ToString();
            await Task.Yield();
            if (status == TlsStatus.WantRead)
                _ = client.Pull();
        }
    }

    private async Task<RunningProgram> StartAsync(string name, int port, string configuration)
    {
        var program = Programs.Require(name);
        var file = Path.Combine(_certificates.Folder, name + ".conf");
        await File.WriteAllTextAsync(file, configuration);
        var running =
            name == "nginx"
                ? RunningProgram.Start(program, "-p", _certificates.Folder, "-c", file, "-e", "stderr")
                : RunningProgram.Start(program, "-db", "-f", file);
        await RunningGateway.UntilAsync(() => Accepts(port), () => running.Describe());
        return running;
    }

    private string Receiving(string server, int port) =>
        server == "nginx"
            ? Nginx(
                $$"""
                http {
                  access_log off;
                  client_body_temp_path {{_certificates.Folder}}/body;
                  proxy_temp_path {{_certificates.Folder}}/proxy;
                  fastcgi_temp_path {{_certificates.Folder}}/fastcgi;
                  uwsgi_temp_path {{_certificates.Folder}}/uwsgi;
                  scgi_temp_path {{_certificates.Folder}}/scgi;
                  server {
                    listen 127.0.0.1:{{port}} proxy_protocol;
                    location / { return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_port -"; }
                  }
                }
                """
            )
            : HaProxy(
                $"""
                frontend f
                  mode http
                  bind 127.0.0.1:{port} accept-proxy
                  http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst_port] -%[fc_pp_authority]"
                """
            );

    private static string Sending(string proxy, int port, int to, string option) =>
        proxy == "nginx"
            ? "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
                + Nginx($$"""stream { server { listen 127.0.0.1:{{port}}; proxy_pass 127.0.0.1:{{to}}; {{option}} } }""")
            : HaProxy(
                $"""
                listen l
                  mode tcp
                  bind 127.0.0.1:{port}
                  server s 127.0.0.1:{to} {option}
                """
            );

    private static string Nginx(string rest) =>
        "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents { worker_connections 64; }\n" + rest;

    private static string HaProxy(string rest) =>
        "global\n  maxconn 100\ndefaults\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n" + rest + "\n";

    private static bool Accepts(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
