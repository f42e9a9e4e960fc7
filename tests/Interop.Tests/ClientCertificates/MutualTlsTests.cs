using System.Globalization;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.ClientCertificates;

/// <summary>Clients with certificates of `gateway ca`, shown by openssl s_client, gnutls-cli and curl to a gateway that requires them.</summary>
public sealed class MutualTlsTests : IDisposable
{
    private readonly string _openssl = Programs.Require("openssl");
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("-tls1_2", "openssl")]
    [InlineData("-tls1_3", "openssl")]
    [InlineData("-tls1_2", "bouncycastle")]
    [InlineData("-tls1_3", "bouncycastle")]
    public async Task A_crl_revokes_a_client_between_two_connections(string version, string engine)
    {
        await InitAsync();
        var alice = await IssueAsync("alice");
        var bob = await IssueAsync("bob");
        await CaAsync("crl");
        await using var gateway = await StartAsync($"revocationLists: [ {List} ]", engine);
        Assert.Contains("200 OK", await ConnectAsync(gateway, version, alice), StringComparison.Ordinal);

        await CaAsync("revoke", "alice", "--reason", "keyCompromise");
        await CaAsync("crl");
        await gateway.Program.ExpectAsync("Serving generation 2");

        Assert.Contains("certificate revoked", await ConnectAsync(gateway, version, alice), StringComparison.Ordinal);
        Assert.Contains("200 OK", await ConnectAsync(gateway, version, bob), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-tls1_2", "handshake failure")]
    [InlineData("-tls1_3", "certificate required")]
    public async Task Without_a_certificate_the_alert_says_so(string version, string alert)
    {
        await InitAsync();
        await using var gateway = await StartAsync("depth: 1");
        Assert.Contains("alert " + alert, await ConnectAsync(gateway, version), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-tls1_2", "handshake failure")]
    [InlineData("-tls1_3", "access denied")]
    public async Task Who_is_not_on_the_list_is_refused(string version, string alert)
    {
        await InitAsync();
        var alice = await IssueAsync("alice");
        var bob = await IssueAsync("bob");
        await using var gateway = await StartAsync("allow: [ { commonName: bob } ]");
        Assert.Contains("alert " + alert, await ConnectAsync(gateway, version, alice), StringComparison.Ordinal);
        Assert.Contains("200 OK", await ConnectAsync(gateway, version, bob), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task A_responder_that_says_revoked_keeps_a_client_out(string version)
    {
        await InitAsync();
        var alice = await IssueAsync("alice");
        var bob = await IssueAsync("bob");
        await CaAsync("revoke", "alice", "--reason", "keyCompromise");
        await using var responder = RunningProgram.Start(
            "dotnet",
            Path.Combine(AppContext.BaseDirectory, "gateway.dll"),
            "ca",
            "ocsp-serve",
            "--folder",
            Lab,
            "--listen",
            "127.0.0.1:0"
        );
        await responder.ExpectAsync("http://127.0.0.1:");
        var url = "http://127.0.0.1:" + responder.Output.Text.Split("http://127.0.0.1:")[1].Split('/', ' ', '\n')[0] + "/";
        await using var gateway = await StartAsync($"ocsp: hard, ocspResponder: '{url}'");
        var refused = await ConnectAsync(gateway, version, alice);
        Assert.DoesNotContain("200 OK", refused, StringComparison.Ordinal);
        Assert.Contains("alert certificate revoked", refused, StringComparison.Ordinal);
        await gateway.Program.ExpectAsync("certificate_revoked, fault client, alert sent certificate_revoked(44)");
        Assert.Contains("200 OK", await ConnectAsync(gateway, version, bob), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("soft", true)]
    [InlineData("hard", false)]
    public async Task Without_an_answer_soft_lets_in_and_hard_does_not(string mode, bool letsIn)
    {
        await InitAsync();
        var alice = await IssueAsync("alice");
        // Nobody listens on the discard port.
        await using var gateway = await StartAsync($"ocsp: {mode}, ocspResponder: 'http://127.0.0.1:9/'");
        Assert.Equal(letsIn, (await ConnectAsync(gateway, "-tls1_3", alice)).Contains("200 OK", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Curl_and_gnutls_show_theirs()
    {
        var curl = Programs.Require("curl");
        var gnutls = Programs.Require("gnutls-cli");
        await InitAsync();
        var alice = await IssueAsync("alice");
        await using var gateway = await StartAsync("depth: 1");
        var page = await RunningProgram.RunAsync(
            curl,
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--cacert",
            _certificates.AuthorityFile,
            "--cert",
            alice,
            "--key",
            KeyOf(alice),
            $"https://localhost:{gateway.Port}/"
        );
        Assert.NotEmpty(page);
        await using var client = RunningProgram.Start(
            gnutls,
            "--port",
            gateway.Port.ToString(CultureInfo.InvariantCulture),
            "--x509cafile",
            _certificates.AuthorityFile,
            "--x509certfile",
            alice,
            "--x509keyfile",
            KeyOf(alice),
            "localhost"
        );
        await client.ExpectAsync("Handshake was completed");
        await client.SayAsync("GET / HTTP/1.0\r\n\r");
        await client.ExpectAsync("200 OK");
    }

    private string Lab => Path.Combine(_certificates.Folder, "lab");

    private string List => Path.Combine(Lab, "crl.pem");

    private static string KeyOf(string certificate) => Path.ChangeExtension(certificate, null) + "-key.pem";

    private async Task<string> ConnectAsync(GatewayProgram gateway, string version, string? certificate = null)
    {
        await using var client = RunningProgram.Start(
            _openssl,
            [
                "s_client",
                "-connect",
                $"127.0.0.1:{gateway.Port}",
                "-servername",
                "localhost",
                version,
                .. certificate is null ? (string[])[] : ["-cert", certificate, "-key", KeyOf(certificate)],
            ]
        );
        await client.SayAsync("GET / HTTP/1.0\r\n\r");
        await client.ExitAsync();
        return client.Output.Text + client.Errors.Text;
    }

    private Task<GatewayProgram> StartAsync(string policy, string engine = "openssl")
    {
        var chain = Path.Combine(_certificates.Folder, "chain.pem");
        var key = Path.Combine(_certificates.Folder, "key.pem");
        File.WriteAllText(chain, _certificates.Localhost.ChainPem);
        File.WriteAllText(key, _certificates.Localhost.KeyPem);
        return GatewayProgram.StartAsync(
            _certificates.Folder,
            $$"""
            admin: { bind: 127.0.0.1:0 }
            listeners:
              - name: one
                bind: 127.0.0.1:0
                upstream: demo
                tls:
                  engine: {{engine}}
                  certificates: [ { certificate: {{chain}}, key: {{key}} } ]
                  clientCertificates: { authorities: {{Path.Combine(Lab, "ca.pem")}}, {{policy}} }
            upstreams:
              demo: { address: embedded-demo }

            """
        );
    }

    private Task InitAsync() => CaAsync("init", "--subject", "CN=Lab clients");

    private async Task<string> IssueAsync(string name)
    {
        await CaAsync("issue", "--profile", "client", "--subject", $"CN={name}", "--name", name);
        return Directory.EnumerateFiles(Lab, name + ".pem", SearchOption.AllDirectories).Single();
    }

    private async Task CaAsync(string command, params string[] options) =>
        await RunningProgram.RunAsync(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "gateway.dll"), "ca", command, "--folder", Lab, .. options]
        );
}
