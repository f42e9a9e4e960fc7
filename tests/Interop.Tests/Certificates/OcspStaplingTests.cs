using System.Net;
using TlsGateway.Gateway.Commands.Authorities;
using TlsGateway.Interop.Tests.Pki;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Revocation;

namespace TlsGateway.Interop.Tests.Certificates;

/// <summary>The gateway in a process of its own, stapling what a responder of our authority says.</summary>
public sealed class OcspStaplingTests : IAsyncLifetime
{
    private readonly ToolFolder _folder = new();
    private OcspServer? _responder;

    public async ValueTask InitializeAsync()
    {
        await _folder.GatewayAsync("ca", "init", "--folder", _folder["ca"]);
        AuthorityFolder authority = new(_folder["ca"]);
        var signer = OcspSigner.LoadOrIssue(authority, passphrase: null, TimeProvider.System);
        OcspResponder responder = new(authority, signer, TimeSpan.FromHours(1), TimeProvider.System);
        _responder = await OcspServer.StartAsync(responder, new IPEndPoint(IPAddress.Loopback, 0), TestContext.Current.CancellationToken);
        // The port was not known when the authority was made.
        await File.WriteAllTextAsync(
            authority.PlacesFile,
            $"ocsp-url: http://{_responder.EndPoint}/\n",
            TestContext.Current.CancellationToken
        );
    }

    public async ValueTask DisposeAsync()
    {
        if (_responder is not null)
            await _responder.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("openssl")]
    [InlineData("bouncycastle")]
    public async Task Openssl_sees_the_response_on_both_versions_and_after_a_restart_without_the_responder(string engine)
    {
        await IssueAsync("localhost");
        await using (var gateway = await GatewayProgram.StartAsync(_folder.Path, Yaml($"engine: {engine}", "localhost")))
        {
            await gateway.Program.ExpectAsync("OCSP response stapled to CN=localhost");
            await AssertStapledAsync(gateway);
            // A client that does not ask gets none.
            Assert.DoesNotContain("OCSP Response", await ConnectAsync(gateway, "-tls1_3"), StringComparison.Ordinal);
        }

        await _responder!.DisposeAsync();
        _responder = null;
        await using var again = await GatewayProgram.StartAsync(_folder.Path, Yaml($"engine: {engine}", "localhost"));
        await AssertStapledAsync(again);
    }

    [Fact]
    public async Task Each_of_two_certificates_gets_its_own()
    {
        await IssueAsync("localhost");
        await IssueAsync("localhost", "--key", "rsa-2048", "--name", "twin");
        await IssueAsync("other.test");
        await using var gateway = await GatewayProgram.StartAsync(_folder.Path, Yaml("tickets: 1", "localhost", "twin", "other.test"));
        await RunningGateway.UntilAsync(
            () => gateway.Program.Output.Text.Split("OCSP response stapled to").Length == 4,
            gateway.Program.Describe
        );
        var serials = new HashSet<string>();
        foreach (
            var asked in new[]
            {
                new[] { "-servername", "localhost", "-sigalgs", "ecdsa_secp256r1_sha256" },
                ["-servername", "localhost", "-sigalgs", "rsa_pss_rsae_sha256"],
                ["-servername", "other.test"],
            }
        )
        {
            var text = await ConnectAsync(gateway, ["-tls1_3", "-status", .. asked]);
            Assert.Contains("Cert Status: good", text, StringComparison.Ordinal);
            serials.Add(text.Split("Serial Number: ")[1].Split('\n')[0]);
        }

        Assert.Equal(3, serials.Count);
    }

    [Theory]
    [InlineData("1.2")]
    [InlineData("1.3")]
    public async Task A_client_that_knows_must_staple_takes_the_certificate_with_stapling_only(string version)
    {
        var gnutls = Programs.Require("gnutls-cli");
        await IssueAsync("localhost", "--must-staple");
        await using (var with = await GatewayProgram.StartAsync(_folder.Path, Yaml("policy: intermediate", "localhost")))
            Assert.Contains("Status: The certificate is trusted.", await GnuTlsAsync(gnutls, with, version), StringComparison.Ordinal);
        await using var without = await GatewayProgram.StartAsync(
            _folder.Path,
            Yaml("policy: intermediate", "localhost").Replace("ocspStapling: true", "ocspStapling: false", StringComparison.Ordinal)
        );
        Assert.Contains("must-staple (RFC 7633)", without.Program.Errors.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Status: The certificate is trusted.", await GnuTlsAsync(gnutls, without, version), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_response_that_an_operator_fetched_is_stapled_and_taken_again_when_it_changes()
    {
        await IssueAsync("localhost");
        await FetchAsync();
        var yaml = Yaml("tickets: 1", "localhost")
            .Replace("ocspStapling: true", "ocspStapling: false", StringComparison.Ordinal)
            .Replace("-key.pem }", "-key.pem, ocspResponse: response.der }", StringComparison.Ordinal);
        await using var gateway = await GatewayProgram.StartAsync(_folder.Path, yaml);
        await AssertStapledAsync(gateway);
        await File.WriteAllTextAsync(_folder["response.der"], "half", TestContext.Current.CancellationToken);
        await gateway.Program.ExpectAsync("response.der', which cannot be stapled: ");
        await AssertStapledAsync(gateway);
        await FetchAsync();
        await gateway.Program.ExpectAsync("Serving generation 2");
        await AssertStapledAsync(gateway);
        await _folder.GatewayAsync("ca", "revoke", "--folder", _folder["ca"], "localhost", "--reason", "superseded");
        await FetchAsync();
        await gateway.Program.ExpectAsync("which cannot be stapled: it says revoked since");
    }

    /// <summary>As an operator's cron job does.</summary>
    private Task<string> FetchAsync() =>
        _folder.OpenSslAsync(
            "ocsp",
            "-issuer",
            _folder["ca/ca.pem"],
            "-CAfile",
            _folder["ca/ca.pem"],
            "-cert",
            _folder["ca/issued/localhost.pem"],
            "-url",
            $"http://{_responder!.EndPoint}/",
            "-respout",
            _folder["response.der"]
        );

    private async Task AssertStapledAsync(GatewayProgram gateway)
    {
        foreach (var version in (string[])["-tls1_2", "-tls1_3"])
        {
            var text = await ConnectAsync(gateway, version, "-status", "-servername", "localhost");
            Assert.Contains("OCSP Response Status: successful (0x0)", text, StringComparison.Ordinal);
            Assert.Contains("Cert Status: good", text, StringComparison.Ordinal);
            Assert.Contains("Verify return code: 0 (ok)", text, StringComparison.Ordinal);
        }
    }

    private async Task<string> ConnectAsync(GatewayProgram gateway, params string[] options)
    {
        var (_, text) = await _folder.TryOpenSslAsync([
            "s_client",
            "-connect",
            $"127.0.0.1:{gateway.Port}",
            "-CAfile",
            _folder["ca/ca.pem"],
            .. options,
        ]);
        return text;
    }

    private async Task<string> GnuTlsAsync(string gnutls, GatewayProgram gateway, string version)
    {
        await using var program = RunningProgram.Start(
            gnutls,
            "--x509cafile",
            _folder["ca/ca.pem"],
            "--sni-hostname",
            "localhost",
            "--verify-hostname",
            "localhost",
            "--priority",
            $"NORMAL:-VERS-ALL:+VERS-TLS{version}",
            "-p",
            $"{gateway.Port}",
            "127.0.0.1"
        );
        program.EndInput();
        await program.ExitAsync();
        return program.Output.Text + program.Errors.Text;
    }

    /// <summary>With the root beside it: it is the issuer that signs responses.</summary>
    private async Task IssueAsync(string dns, params string[] options)
    {
        var output = await _folder.GatewayAsync(["ca", "issue", "--folder", _folder["ca"], "--dns", dns, .. options]);
        var file = output.Split("certificate  ")[1].Split('\n')[0];
        await File.AppendAllTextAsync(file, await File.ReadAllTextAsync(_folder["ca/ca.pem"]));
    }

    private string Yaml(string setting, params string[] names) =>
        $$"""
            admin: { bind: 127.0.0.1:0 }
            stateFolder: {{_folder["state"]}}
            listeners:
              - name: https
                bind: 127.0.0.1:0
                upstream: demo
                tls:
                  certificates: [{{string.Join(
                ", ",
                names.Select(static n => $"{{ certificate: ca/issued/{n}.pem, key: ca/issued/{n}-key.pem }}")
            )}}]
                  ocspStapling: true
                  {{setting}}
            upstreams:
              demo: { address: embedded-demo }

            """;
}
