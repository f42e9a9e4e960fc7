using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Upstreams;

/// <summary>The client role towards the servers that stand behind gateways: nginx and HAProxy, verified by authority and name.</summary>
public sealed class ServerPeerTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    public static TheoryData<string, TlsEngine, TlsVersion> Pairings
    {
        get
        {
            var all = new TheoryData<string, TlsEngine, TlsVersion>();
            foreach (var server in (string[])["nginx", "haproxy"])
            foreach (var engine in Enum.GetValues<TlsEngine>())
            foreach (var version in Enum.GetValues<TlsVersion>())
                all.Add(server, engine, version);
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public async Task A_verified_server_answers_and_its_session_is_resumed(string server, TlsEngine engine, TlsVersion version)
    {
        await using var running = await StartAsync(server, _certificates.Localhost);
        using var context = TlsEngines.CreateClient(engine, Settings(_certificates, "localhost", version));
        // BouncyCastle's client does not take tickets of TLS 1.3.
        var resumes = engine == TlsEngine.OpenSsl || version == TlsVersion.Tls12;
        for (var i = 0; i < 2; i++)
        {
            using var client = EngineClient.Connect(running.Address, new BorrowedContext(context));
            client.Handshake();
            Assert.Equal(i > 0 && resumes, client.Session.IsResumed);
            client.Send("GET /hello HTTP/1.0\r\n\r\n"u8);
            client.Expect("HTTP/1.");
            Assert.Equal(TlsStatus.Closed, client.ReadToEnd());
        }
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public async Task A_server_without_tickets_resumes_by_session_ID(TlsEngine engine)
    {
        await using var running = await StartAsync("nginx", _certificates.Localhost, "ssl_session_tickets off;");
        using var context = TlsEngines.CreateClient(engine, Settings(_certificates, "localhost", TlsVersion.Tls12));
        for (var i = 0; i < 3; i++)
        {
            using var client = EngineClient.Connect(running.Address, new BorrowedContext(context));
            client.Handshake();
            Assert.Equal(i > 0, client.Session.IsResumed);
            client.Send("GET /hello HTTP/1.0\r\n\r\n"u8);
            client.Expect("HTTP/1.");
        }
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public async Task A_server_of_another_authority_is_refused(string server, TlsEngine engine, TlsVersion version)
    {
        using var others = new TestCertificates();
        await using var running = await StartAsync(server, _certificates.Localhost);
        Assert.Equal(TlsFailureKind.CertificateRejected, Refusal(running, engine, Settings(others, "localhost", version)));
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public async Task A_server_of_another_name_is_refused(string server, TlsEngine engine, TlsVersion version)
    {
        await using var running = await StartAsync(server, _certificates.Localhost);
        Assert.Equal(TlsFailureKind.CertificateRejected, Refusal(running, engine, Settings(_certificates, "other.test", version)));
    }

    private static TlsFailureKind Refusal(UnixServer running, TlsEngine engine, TlsClientSettings settings)
    {
        using var client = EngineClient.Connect(running.Address, TlsEngines.CreateClient(engine, settings));
        Assert.Equal(TlsStatus.Error, client.TryHandshake());
        return client.Session.Failure.Kind;
    }

    private static TlsClientSettings Settings(TestCertificates trusted, string name, TlsVersion version) =>
        new()
        {
            TrustedAuthoritiesPem = trusted.Authority.ExportCertificatePem(),
            ServerName = name,
            MinimumVersion = version,
            MaximumVersion = version,
        };

    private async Task<UnixServer> StartAsync(string name, TlsCertificate certificate, string nginxOptions = "")
    {
        var pem = Path.Combine(_certificates.Folder, "server.pem");
        await File.WriteAllTextAsync(pem, certificate.ChainPem + "\n" + certificate.KeyPem);
        if (name == "nginx")
        {
            return await UnixServer.StartNginxAsync(
                Path.Combine(_certificates.Folder, name),
                "ssl",
                $$"""
                ssl_certificate {{pem}};
                ssl_certificate_key {{pem}};
                ssl_protocols TLSv1.2 TLSv1.3;
                {{nginxOptions}}
                location / { return 200 "hello"; }
                """
            );
        }

        var program = Programs.Require(name);
        var socket = UnixServer.SocketIn(_certificates.Folder);
        return await UnixServer.StartAsync(
            Path.Combine(_certificates.Folder, name + ".conf"),
            HaProxy(socket.ToString(), pem),
            socket,
            configuration => RunningProgram.Start(program, "-db", "-f", configuration)
        );
    }

    private static string HaProxy(string socket, string pem) =>
        $"""
            global
                ssl-default-bind-options ssl-min-ver TLSv1.2
            defaults
                mode http
                timeout connect 30s
                timeout client 30s
                timeout server 30s
            frontend front
                bind unix@{socket} ssl crt {pem}
                http-request return status 200 content-type text/plain string hello

            """;
}
