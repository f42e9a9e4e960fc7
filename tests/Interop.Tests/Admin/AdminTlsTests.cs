using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Admin;

/// <summary>The admin endpoint over TLS, with curl at the other end.</summary>
public sealed class AdminTlsTests : IDisposable
{
    private readonly string _curl = Programs.Require("curl");
    private readonly TestCertificates _certificates = new();
    private readonly TestCertificates _others = new("Other authority");

    public void Dispose()
    {
        _certificates.Dispose();
        _others.Dispose();
    }

    [Fact]
    public async Task A_certificate_says_who_may_do_what()
    {
        Make(_certificates, "reader", "admin", "stranger");
        Make(_others, "intruder");
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        Assert.StartsWith("https://", gateway.Admin.ToString(), StringComparison.Ordinal);

        Assert.Equal("200", await AskAsync(gateway, "/livez"));
        Assert.Equal("401", await AskAsync(gateway, "/metrics"));
        Assert.Equal("200", await AskAsync(gateway, "/metrics", "reader"));
        Assert.Equal("200", await AskAsync(gateway, "/ui", "reader"));
        Assert.Equal("403", await AskAsync(gateway, "/log?level=debug", "reader", "-X", "PUT"));
        Assert.Equal("200", await AskAsync(gateway, "/log?level=debug", "admin", "-X", "PUT"));
        await gateway.Program.ExpectAsync("as Admin by CN=admin");
        // Of the right authority, and in no list.
        Assert.Equal("401", await AskAsync(gateway, "/metrics", "stranger"));
        // Of another authority: the handshake ends it.
        Assert.Equal("000", await AskAsync(gateway, "/metrics", "intruder"));
        Assert.Equal("000", await AskAsync(gateway, "/livez", "intruder"));
        Assert.Equal("200", await AskAsync(gateway, "/metrics", "reader"));
    }

    [Fact]
    public async Task A_reload_withdraws_an_authority_from_connections_too()
    {
        Make(_certificates, "reader");
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        using var http = new HttpClient(
            new SocketsHttpHandler
            {
                SslOptions = Gateway.Commands.Top.TopTls.Create(_certificates.AuthorityFile, Of("reader.pem"), Of("reader.key")),
            }
        );
        Assert.Equal(System.Net.HttpStatusCode.OK, (await http.GetAsync(At(gateway, "/metrics"))).StatusCode);
        File.Copy(_others.AuthorityFile, Of("trusted.pem"), overwrite: true);
        await gateway.SignalAsync("HUP");
        await gateway.Program.ExpectAsync("generation 2");
        // The same connection: what it showed at its beginning is worth nothing now.
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await http.GetAsync(At(gateway, "/metrics"))).StatusCode);
        Assert.Equal("401", await AskAsync(gateway, "/metrics"));
        Assert.Equal("000", await AskAsync(gateway, "/metrics", "reader"));
    }

    [Fact]
    public async Task Top_shows_a_certificate()
    {
        Make(_certificates, "reader");
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        string[] top =
        [
            Path.Combine(AppContext.BaseDirectory, "gateway.dll"),
            "top",
            "--admin",
            At(gateway, "/").ToString(),
            "--once",
            "--interval",
            "0.1",
        ];
        var shown = await RunningProgram.RunAsync(
            "dotnet",
            [.. top, "--ca", _certificates.AuthorityFile, "--certificate", Of("reader.pem"), "--key", Of("reader.key")]
        );
        Assert.Contains("web", shown, StringComparison.Ordinal);
        foreach (
            var (arguments, expected) in new (string[], string)[]
            {
                (["--ca", _certificates.AuthorityFile], "wants a token or a certificate"),
                ([], "--ca"),
                (["--key", "k"], "--key is for --certificate"),
            }
        )
        {
            await using var program = RunningProgram.Start("dotnet", [.. top, .. arguments]);
            Assert.NotEqual(0, await program.ExitAsync());
            Assert.Contains(expected, program.Errors.Text, StringComparison.Ordinal);
        }
    }

    private static Uri At(GatewayProgram gateway, string path) => new($"https://localhost:{gateway.Admin.Port}{path}");

    private void Make(TestCertificates authority, params string[] names)
    {
        foreach (var name in names)
        {
            var leaf = authority.ClientLeaf(name);
            File.WriteAllText(Of(name + ".pem"), leaf.ChainPem);
            File.WriteAllText(Of(name + ".key"), leaf.KeyPem);
        }
    }

    private string Of(string file) => Path.Combine(_certificates.Folder, file);

    private async Task<string> AskAsync(GatewayProgram gateway, string path, string? certificate = null, params string[] more)
    {
        string[] shown = certificate is null ? [] : ["--cert", Of(certificate + ".pem"), "--key", Of(certificate + ".key")];
        await using var curl = RunningProgram.Start(
            _curl,
            [
                "-s",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                "--cacert",
                _certificates.AuthorityFile,
                .. shown,
                .. more,
                At(gateway, path).ToString(),
            ]
        );
        await curl.ExitAsync();
        return curl.Output.Text.Trim();
    }

    private async Task<GatewayProgram> StartAsync(TestUpstream upstream)
    {
        File.Copy(_certificates.AuthorityFile, Of("trusted.pem"));
        await File.WriteAllTextAsync(Of("server.pem"), _certificates.Localhost.ChainPem + "\n" + _certificates.Localhost.KeyPem);
        return await GatewayProgram.StartAsync(
            _certificates.Folder,
            $$"""
            admin:
              bind: 127.0.0.1:0
              tls:
                certificate: { certificate: server.pem }
                clients:
                  authorities: trusted.pem
                  readers: [ { commonName: reader } ]
                  admins: [ { commonName: admin } ]
            listeners:
              - { name: web, bind: 127.0.0.1:0, upstream: echo, tls: { certificates: [ { certificate: server.pem } ] } }
            upstreams:
              echo: { address: "{{upstream.EndPoint}}" }
            """
        );
    }
}
