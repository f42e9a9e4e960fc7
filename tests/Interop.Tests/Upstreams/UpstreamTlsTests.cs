using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using TlsGateway.Actors;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.ProxyProtocol;
using TlsGateway.Actors.Settings;
using TlsGateway.Actors.Stalls;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Upstreams;

/// <summary>Endpoints that speak TLS: .NET's SslStream as the server where bytes count, nginx and HAProxy where their habits do.</summary>
public sealed class UpstreamTlsTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    public static TheoryData<TlsEngine, TlsVersion> Pairings
    {
        get
        {
            var all = new TheoryData<TlsEngine, TlsVersion>();
            foreach (var engine in Enum.GetValues<TlsEngine>())
            foreach (var version in Enum.GetValues<TlsVersion>())
                all.Add(engine, version);
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public async Task Megabytes_go_both_ways_at_once(TlsEngine engine, TlsVersion version)
    {
        await using var server = Server(TestUpstream.EchoAsync);
        await using var gateway = await StartAsync(Tls(engine, version), At(server));
        var sent = SeededBytes.Make(seed: 71, 8 * 1024 * 1024);
        var received = new byte[sent.Length];
        using (var client = EngineClient.Open(gateway.EndPoint))
        {
            client.Exchange(sent, received);
            Assert.Equal(sent, received);
            var shown = Assert.Single((await gateway.Host.ListConnectionsAsync(new ConnectionFilter(), null, 10)).Connections);
            Assert.Equal(server.EndPoint.ToString(), shown.Endpoint);
            Assert.Equal(version == TlsVersion.Tls13 ? "TLSv1.3" : "TLSv1.2", shown.UpstreamSession!.Version);
            client.CloseCleanly();
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    /// <summary>The client ends its side and still gets the whole answer (TLS 1.3 knows half-close, RFC 8446 §6.1).</summary>
    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public async Task An_answer_that_waits_for_the_end_of_the_question_comes(TlsEngine engine)
    {
        var answer = SeededBytes.Make(seed: 72, 3 * 1024 * 1024);
        await using var server = Server(async stream =>
        {
            var buffer = new byte[64 * 1024];
            while (await stream.ReadAsync(buffer) > 0) { }
            await stream.WriteAsync(answer);
            await stream.ShutdownAsync();
        });
        await using var gateway = await StartAsync(Tls(engine, TlsVersion.Tls13), At(server));
        using (var client = EngineClient.Open(gateway.EndPoint))
        {
            client.Send(SeededBytes.Make(seed: 73, 1024 * 1024));
            client.Shutdown();
            Assert.Equal(answer, client.Receive(answer.Length));
            Assert.Equal(TlsStatus.Closed, client.ReadToEnd());
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public async Task An_end_without_close_notify_is_passed_on_as_one(TlsEngine engine, TlsVersion version)
    {
        await using var server = Server(static async stream =>
        {
            await stream.WriteAsync("half an ans"u8.ToArray());
            throw new IOException("the server ends here, without a word");
        });
        await using var gateway = await StartAsync(Tls(engine, version), At(server));
        using (var client = EngineClient.Open(gateway.EndPoint))
        {
            client.Expect("half an ans");
            Assert.Equal(TlsStatus.Error, client.ReadToEnd());
            Assert.Equal(TlsFailureKind.Truncated, client.Session.Failure.Kind);
        }

        await gateway.UntilClosedAsync(CloseReason.UpstreamTruncated);
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public async Task An_endpoint_that_cannot_be_trusted_gets_no_byte_and_another_is_taken(TlsEngine engine, TlsVersion version)
    {
        using var others = new TestCertificates();
        await using var impostor = Server(TestUpstream.EchoAsync, others.Localhost);
        await using var plain = TestUpstream.Echo();
        await using var good = Server(TestUpstream.EchoAsync);
        using var log = new CapturedLog();
        await using (var gateway = await StartAsync(Tls(engine, version), [At(impostor), At(plain), At(good)], log))
        {
            for (var i = 0; i < 6; i++)
            {
                using var client = EngineClient.Open(gateway.EndPoint);
                client.AssertEchoes("only to the good one");
            }

            await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 6);
            var counters = gateway.Host.Upstreams[0].Counters.Endpoints;
            Assert.Equal(6, counters.Connected);
            Assert.True(counters.Failed >= 4, $"{counters.Failed} failed");
        }

        Assert.Contains(log.Lines, line => line.Contains($"TLS with endpoint {impostor.EndPoint} failed", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public async Task With_no_endpoint_left_the_reason_is_TLS(TlsEngine engine, TlsVersion version)
    {
        await using var server = Server(TestUpstream.EchoAsync);
        var tls = Tls(engine, version);
        await using var gateway = await StartAsync(tls with { ExpectedName = "other.test" }, At(server));
        using (var client = EngineClient.Open(gateway.EndPoint))
        {
            client.Send("nobody gets this"u8);
            Assert.Equal(TlsStatus.Error, client.ReadToEnd());
        }

        await gateway.UntilClosedAsync(CloseReason.UpstreamTlsFailed);
    }

    [Fact]
    public async Task An_endpoint_that_says_nothing_is_given_up_at_the_timeout_and_the_wait_is_its_stall()
    {
        await using var silent = new TestUpstream(static async socket =>
        {
            while (await socket.ReceiveAsync(new byte[1024]) > 0) { }
        });
        await using var gateway = await StartAsync(Tls(TlsEngine.OpenSsl, TlsVersion.Tls13), At(silent));
        using (var client = EngineClient.Open(gateway.EndPoint))
            client.ReadToEnd();
        await gateway.UntilClosedAsync(CloseReason.UpstreamConnectTimeout);
        Assert.InRange(gateway.StallSeconds(StallOperation.Handshake, StallWant.Read, StallLeg.Upstream, StallCause.Upstream), 0.5, 30);
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public async Task Sessions_are_resumed_with_each_endpoint_for_itself(TlsEngine engine, TlsVersion version)
    {
        await using var nginx = await StartNginxAsync("");
        await using var gateway = await StartAsync(Tls(engine, version), new EndpointSettings(nginx.Address));
        for (var i = 0; i < 3; i++)
        {
            using var client = EngineClient.Open(gateway.EndPoint);
            client.Send("GET / HTTP/1.0\r\n\r\n"u8);
            var answer = ReadAll(client);
            // BouncyCastle's client does not take tickets of TLS 1.3.
            var expected = i > 0 && (engine == TlsEngine.OpenSsl || version == TlsVersion.Tls12) ? "r" : ".";
            Assert.EndsWith($" {expected}", answer, StringComparison.Ordinal);
        }

        await gateway.UntilClosedAsync(CloseReason.Completed, 3);
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public async Task A_client_certificate_is_shown_to_nginx_and_the_clients_name_is_copied(TlsEngine engine)
    {
        await using var nginx = await StartNginxAsync($"ssl_client_certificate {_certificates.AuthorityFile}; ssl_verify_client on;");
        var tls = Tls(engine, TlsVersion.Tls13);
        await using var gateway = await StartAsync(
            tls with
            {
                CopiesServerName = true,
                ServerName = "",
                ExpectedName = "localhost",
                Client = tls.Client with { Certificate = _certificates.ClientLeaf("the gateway") },
            },
            new EndpointSettings(nginx.Address)
        );
        using (var client = EngineClient.Open(gateway.EndPoint))
        {
            client.Send("GET / HTTP/1.0\r\n\r\n"u8);
            Assert.Contains("CN=the gateway localhost", ReadAll(client), StringComparison.Ordinal);
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public async Task What_was_agreed_with_the_client_is_agreed_with_the_endpoint(TlsEngine engine)
    {
        string[] seen = ["", ""];
        var at = 0;
        await using var server = Server(
            async stream =>
            {
                seen[at++] = stream.NegotiatedApplicationProtocol.ToString();
                await TestUpstream.EchoAsync(stream);
            },
            protocols: ["h2", "http/1.1"]
        );
        await using var gateway = await StartAsync(Tls(engine, TlsVersion.Tls13) with { CopiesApplicationProtocol = true }, At(server));
        foreach (var protocol in (string[])["http/1.1", "h2"])
        {
            using var context = TlsEngines.CreateClient(
                TlsEngine.OpenSsl,
                new TlsClientSettings { ServerName = "localhost", ApplicationProtocols = [protocol] }
            );
            using var client = EngineClient.Connect(gateway.EndPoint, context);
            client.Handshake();
            client.AssertEchoes(protocol);
        }

        Assert.Equal(["http/1.1", "h2"], seen);
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 2);
    }

    [Fact]
    public async Task The_header_of_the_PROXY_protocol_goes_before_TLS()
    {
        await using var server = new TestUpstream(async socket =>
        {
            var header = new byte[16];
            for (var got = 0; got < header.Length; )
                got += await socket.ReceiveAsync(header.AsMemory(got));
            Assert.Equal("\r\n\r\n\0\r\nQUIT\n"u8.ToArray(), header[..12]);
            var rest = new byte[(header[14] << 8) | header[15]];
            for (var got = 0; got < rest.Length; )
                got += await socket.ReceiveAsync(rest.AsMemory(got));
            await TestUpstream.SecureAsync(socket, TestUpstream.EchoAsync, _certificates.Localhost, []);
        });
        var settings = Settings(Tls(TlsEngine.OpenSsl, TlsVersion.Tls13), At(server)) with { ProxyProtocol = ProxyProtocolVersion.V2 };
        await using var gateway = await StartAsync(settings);
        using (var client = EngineClient.Open(gateway.EndPoint))
            client.AssertEchoes("behind a header");
        await gateway.UntilClosedAsync(CloseReason.ClientTruncated);
    }

    [Fact]
    public async Task A_reload_makes_new_sessions_and_leaves_open_ones()
    {
        await using var server = Server(TestUpstream.EchoAsync);
        await using var gateway = await StartAsync(Tls(TlsEngine.OpenSsl, TlsVersion.Tls13), At(server));
        using (var before = EngineClient.Open(gateway.EndPoint))
        {
            before.AssertEchoes("of the first generation");
            var listener = gateway.Settings.Listeners[0];
            await gateway.ReloadAsync(listener with { Upstream = Settings(Tls(TlsEngine.OpenSsl, TlsVersion.Tls12), At(server)) });
            before.AssertEchoes("still");
            using var after = EngineClient.Open(gateway.EndPoint);
            after.AssertEchoes("of the second");
            var versions = (await gateway.Host.ListConnectionsAsync(new ConnectionFilter(), null, 10)).Connections;
            Assert.Equal(["TLSv1.2", "TLSv1.3"], versions.Select(static c => c.UpstreamSession!.Version).Order());
        }

        await gateway.UntilClosedAsync(CloseReason.ClientTruncated, 2);
    }

    /// <summary>Slow to take and slow to give: credit holds on a TLS leg as on a plain one.</summary>
    [Fact]
    public async Task A_client_that_takes_nothing_holds_the_endpoint_back()
    {
        var sent = new Counter();
        await using var server = Server(async stream =>
        {
            var piece = new byte[64 * 1024];
            try
            {
                while (true)
                {
                    await stream.WriteAsync(piece);
                    sent.Add(piece.Length);
                }
            }
            catch (IOException)
            {
                // the end of the test
            }
        });
        await using var gateway = await StartAsync(Tls(TlsEngine.OpenSsl, TlsVersion.Tls13), At(server));
        using (EngineClient.Open(gateway.EndPoint, receiveBufferBytes: 64 * 1024))
            await RunningGateway.UntilAsync(gateway.HeldUpByTheClient(), () => $"{sent.Value} bytes sent");
        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
        Assert.InRange(sent.Value, 0, 32 * 1024 * 1024);
    }

    private UpstreamTlsSettings Tls(TlsEngine engine, TlsVersion version) =>
        new()
        {
            Engine = engine,
            ServerName = "localhost",
            Client = new TlsClientSettings
            {
                TrustedAuthoritiesPem = _certificates.Authority.ExportCertificatePem(),
                MinimumVersion = version,
                MaximumVersion = version,
            },
        };

    private static UpstreamSettings Settings(UpstreamTlsSettings tls, params EndpointSettings[] endpoints) =>
        new()
        {
            Name = "upstream",
            Endpoints = endpoints,
            Tls = tls,
            ConnectTimeout = TimeSpan.FromSeconds(2),
            Outliers = new OutlierSettings { Failures = 0 },
        };

    private Task<RunningGateway> StartAsync(UpstreamTlsSettings tls, params EndpointSettings[] endpoints) =>
        StartAsync(Settings(tls, endpoints));

    private Task<RunningGateway> StartAsync(UpstreamTlsSettings tls, EndpointSettings[] endpoints, CapturedLog log) =>
        StartAsync(Settings(tls, endpoints), log);

    private Task<RunningGateway> StartAsync(UpstreamSettings upstream, CapturedLog? log = null)
    {
        var listener = RunningGateway.Listener(_certificates.Localhost, new IPEndPoint(IPAddress.Loopback, 1));
        return RunningGateway.StartAsync(
            listener with
            {
                Upstream = upstream,
                Tls = listener.Tls with { ApplicationProtocols = ["h2", "http/1.1"] },
            },
            loops: 2,
            log
        );
    }

    private static EndpointSettings At(TestUpstream server) => new(server.EndPoint);

    private TestUpstream Server(Func<SslStream, Task> serve, TlsCertificate? certificate = null, string[]? protocols = null) =>
        TestUpstream.Secure(certificate ?? _certificates.Localhost, serve, protocols);

    private static string ReadAll(EngineClient client)
    {
        var text = new StringBuilder();
        var piece = new byte[4096];
        while (true)
        {
            var status = client.Session.Read(piece, out var read);
            text.Append(Encoding.ASCII.GetString(piece, 0, read));
            client.Flush();
            if (status is TlsStatus.Closed or TlsStatus.Error)
            {
                client.Shutdown();
                return text.ToString();
            }

            if (status == TlsStatus.WantRead)
                _ = client.Pull();
        }
    }

    private async Task<UnixServer> StartNginxAsync(string options)
    {
        var folder = _certificates.Folder;
        var pem = Path.Combine(folder, "server.pem");
        await File.WriteAllTextAsync(pem, _certificates.Localhost.ChainPem + "\n" + _certificates.Localhost.KeyPem);
        return await UnixServer.StartNginxAsync(
            Path.Combine(folder, "nginx"),
            "ssl",
            $$"""
            ssl_certificate {{pem}};
            ssl_certificate_key {{pem}};
            ssl_protocols TLSv1.2 TLSv1.3;
            {{options}}
            location / { return 200 "$ssl_client_s_dn $ssl_server_name $ssl_session_reused"; }
            """
        );
    }
}
