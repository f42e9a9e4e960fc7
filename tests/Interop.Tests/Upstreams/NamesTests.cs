using System.Globalization;
using System.Net;
using System.Net.Sockets;
using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.Names;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Upstreams;

/// <summary>Endpoints by name, when the name's addresses change.</summary>
public sealed class NamesTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task An_answer_that_changes_under_load_moves_connections_and_fails_none()
    {
        await using var names = new NameServer();
        using var before = ListenAt("127.0.0.11", 0);
        var port = ((IPEndPoint)before.LocalEndPoint!).Port;
        using var after = ListenAt("127.0.0.12", port);
        var (old, recent) = (new Counter(), new Counter());
        var serving = (ServeAsync(before, old), ServeAsync(after, recent));
        names.Answer("backend.test", seconds: 1, IPAddress.Parse("127.0.0.11"));
        await using (
            var gateway = await StartAsync(
                names,
                new EndpointSettings(new IPEndPoint(IPAddress.Parse("127.0.0.11"), port)) { Host = "backend.test" }
            )
        )
        {
            using var done = new CancellationTokenSource();
            var visits = new Counter();
            var load = Enumerable
                .Range(0, 4)
                .Select(_ => Task.Factory.StartNew(Visit, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))
                .ToList();
            using var staying = EngineClient.Open(gateway.EndPoint);
            staying.AssertEchoes("at the old one");

            names.Answer("backend.test", seconds: 1, IPAddress.Parse("127.0.0.11"), IPAddress.Parse("127.0.0.12"));
            await RunningGateway.UntilAsync(() => recent.Value > 20 && Endpoints() == "127.0.0.11, 127.0.0.12", Endpoints);
            names.Answer("backend.test", seconds: 1, IPAddress.Parse("127.0.0.12"));
            await RunningGateway.UntilAsync(() => Endpoints() == "127.0.0.12", Endpoints);
            // From here on none goes to the old one.
            await RunningGateway.UntilAsync(() => gateway.Host.Upstreams[0].Endpoints[0].Connections > 0, "a connection to the new one");
            var last = old.Value;
            var reached = visits.Value + 50;
            await RunningGateway.UntilAsync(() => visits.Value > reached, "more visits");
            // Each worker may have been on its way there.
            Assert.InRange(old.Value, last, last + load.Count);

            staying.AssertEchoes("still at the old one");
            staying.Dispose();
            await done.CancelAsync();
            await Task.WhenAll(load);
            await gateway.UntilClosedAsync(CloseReason.ClientTruncated, visits.Value);
            // Measured by the name that is in the configuration, whatever it stands for.
            using var scrape = MetricCapture.Start(gateway.Host.Metrics);
            scrape.Observe();
            (string, string)[] name = [("server.address", "backend.test"), ("server.port", $"{port}")];
            var connected = scrape.Sum("gateway.upstream.connects", [.. name, ("outcome", "connected")]);
            Assert.Equal(gateway.Host.Upstreams[0].Counters.Endpoints.Connected, connected);
            Assert.True(connected > gateway.Host.Upstreams[0].Endpoints[0].Counters.Connected, "those that have gone are counted");
            Assert.Equal(3, scrape.Count("gateway.upstream.connects"));
            foreach (var direction in (string[])["receive", "transmit"])
            {
                var bytes = scrape.Sum("gateway.upstream.io", [.. name, ("network.io.direction", direction)]);
                Assert.Equal(scrape.Sum("gateway.connection.io", ("leg", "upstream"), ("network.io.direction", direction)), bytes);
                Assert.True(bytes > 0, direction);
            }

            Assert.Equal(1, scrape.Sum("gateway.upstream.endpoints", [.. name, ("state", "healthy")]));
            Assert.Equal(
                (0L, 0L),
                (gateway.Closed(CloseReason.UpstreamConnectFailed), gateway.Host.Upstreams[0].Counters.Endpoints.Failed)
            );

            void Visit()
            {
                while (!done.IsCancellationRequested)
                {
                    using var client = EngineClient.Open(gateway.EndPoint);
                    client.AssertEchoes("a visit");
                    visits.Add(1);
                }
            }

            string Endpoints() =>
                string.Join(
                    ", ",
                    gateway.Host.Upstreams[0].Endpoints.Select(static e => e.Address.Split(':')[0]).Order(StringComparer.Ordinal)
                );
        }

        before.Dispose();
        after.Dispose();
        await Task.WhenAll(serving.Item1, serving.Item2);
    }

    [Fact]
    public async Task Without_an_answer_the_addresses_stay()
    {
        await using var names = new NameServer();
        await using var upstream = TestUpstream.Echo();
        names.Answer("backend.test", seconds: 1, IPAddress.Loopback);
        using var log = new CapturedLog();
        await using var gateway = await StartAsync(names, new EndpointSettings(upstream.EndPoint) { Host = "backend.test" }, log);
        await RunningGateway.UntilAsync(() => names.Asked > 1, "asked again when its time was over");
        // The name has no address any more, by mistake.
        names.Answer("backend.test", seconds: 1);
        await RunningGateway.UntilAsync(
            () => log.Lines.Any(static line => line.Contains("backend.test cannot be looked up", StringComparison.Ordinal)),
            "a line in the log"
        );
        using (var client = EngineClient.Open(gateway.EndPoint))
            client.AssertEchoes("all the same");
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated);
    }

    [Theory]
    [InlineData("options ndots:5\nsearch a.test b.test.\n", "api.default", "api.default.a.test, api.default.b.test, api.default")]
    [InlineData("search a.test\n", "api.default", "api.default, api.default.a.test")]
    [InlineData("search a.test\n", "api", "api.a.test, api")]
    [InlineData("search a.test\n", "api.", "api.")]
    [InlineData("", "api", "api")]
    public void Names_are_tried_as_the_system_tries_them(string resolver, string host, string expected)
    {
        var file = Path.Combine(_certificates.Folder, "resolv.conf");
        File.WriteAllText(file, resolver);
        Assert.Equal(expected, string.Join(", ", HostResolver.Candidates(host, file)));
    }

    [Fact]
    public async Task The_program_asks_the_name_servers_of_its_configuration()
    {
        await using var names = new NameServer();
        await using var upstream = TestUpstream.Echo();
        names.Answer("backend.test", seconds: 1, IPAddress.Loopback);
        await using var gateway = await GatewayProgram.StartAsync(
            _certificates.Folder,
            string.Create(
                CultureInfo.InvariantCulture,
                $$"""
                stateFolder: {{_certificates.Folder}}/state
                admin: { bind: 127.0.0.1:0 }
                dns: { servers: ["{{names.EndPoint}}"] }
                listeners:
                  - { name: edge, bind: 127.0.0.1:0, upstream: echo, tls: { certificates: development } }
                upstreams:
                  echo: { address: "backend.test:{{upstream.EndPoint.Port}}" }
                """
            )
        );
        using (var client = EngineClient.Open(new IPEndPoint(IPAddress.Loopback, gateway.Port)))
            client.AssertEchoes("by name");
        await RunningGateway.UntilAsync(() => names.Asked > 2, "asked again when its time was over");
    }

    private async Task<RunningGateway> StartAsync(NameServer names, EndpointSettings endpoint, CapturedLog? log = null)
    {
        var listener = RunningGateway.Listener(_certificates.Localhost, new IPEndPoint(IPAddress.Loopback, 1));
        return await RunningGateway.StartAsync(
            new GatewaySettings
            {
                Generation = 1,
                Listeners =
                [
                    listener with
                    {
                        Upstream = new UpstreamSettings { Name = "upstream", Endpoints = [endpoint] },
                    },
                ],
            },
            loops: 2,
            new GatewayHostOptions { LoggerFactory = log, Resolver = new HostResolver([names.EndPoint]) }
        );
    }

    private static Socket ListenAt(string address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        socket.Listen(1024);
        return socket;
    }

    private static async Task ServeAsync(Socket listening, Counter connections)
    {
        try
        {
            while (true)
                _ = EchoAsync(await listening.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // stopped
        }

        async Task EchoAsync(Socket socket)
        {
            using (socket)
            {
                connections.Add(1);
                var buffer = new byte[4096];
                int read;
                while ((read = await socket.ReceiveAsync(buffer)) > 0)
                    await TestUpstream.SendAllAsync(socket, buffer.AsMemory(0, read));
            }
        }
    }
}
