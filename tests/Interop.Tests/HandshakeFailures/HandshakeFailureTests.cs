using System.Globalization;
using System.Net.Sockets;
using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Interop.Tests.HandshakeFailures;

/// <summary>Each way for a handshake to fail, made by openssl s_client: its reason, whose fault, its alert, in the log and in the counts, once.</summary>
public sealed class HandshakeFailureTests : IDisposable
{
    private readonly string _openssl = Programs.Require("openssl");
    private readonly TestCertificates _certificates = new();
    private readonly CapturedLog _log = new();

    public void Dispose()
    {
        _certificates.Dispose();
        _log.Dispose();
    }

    [Theory]
    [InlineData("-tls1_1 -cipher ALL:@SECLEVEL=0", CloseReason.NoCommonVersion, "sent protocol_version(70)")]
    [InlineData("-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256", CloseReason.NoCommonCipherSuite, "sent handshake_failure(40)")]
    [InlineData("-tls1_2 -groups P-521", CloseReason.NoCommonGroup, "sent handshake_failure(40)")]
    [InlineData("-tls1_3 -groups P-521", CloseReason.NoCommonGroup, "sent handshake_failure(40)")]
    [InlineData("-tls1_3 -sigalgs RSA-PSS+SHA256", CloseReason.NoCommonSignatureAlgorithm, "sent handshake_failure(40)")]
    [InlineData("-alpn spdy/1", CloseReason.NoCommonApplicationProtocol, "sent no_application_protocol(120)")]
    [InlineData("-servername nobody.test", CloseReason.UnknownServerName, "sent unrecognized_name(112)")]
    [InlineData("-tls1_3 -verify_return_error -verify 1", CloseReason.ClientAlert, "received unknown_ca(48)")]
    [InlineData("-tls1_2 -verify_return_error -verify 1", CloseReason.ClientAlert, "received unknown_ca(48)")]
    public async Task What_does_not_fit_is_named(string options, CloseReason reason, string alert)
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(Strict(upstream), log: _log);
        await ConnectAsync(gateway, options);
        var line = await LineAsync(gateway, reason);
        Assert.Contains($"alert {alert}, ", line, StringComparison.Ordinal);
        Assert.Contains(
            options.Contains("nobody", StringComparison.Ordinal) ? "sni=nobody.test " : "sni=localhost ",
            line,
            StringComparison.Ordinal
        );
        Assert.Matches("ja4=t1[0-3]d[0-9]{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}", line);
        var (number, received) = (
            int.Parse(alert.Split('(', ')')[1], CultureInfo.InvariantCulture),
            alert.StartsWith("received", StringComparison.Ordinal)
        );
        Assert.Equal(1, gateway.Count(c => received ? c.AlertsReceived((byte)number) : c.AlertsSent((byte)number)));
    }

    [Theory]
    [InlineData("none", CloseReason.CertificateMissing, "sent certificate_required(116)")]
    [InlineData("expired", CloseReason.CertificateExpired, "sent certificate_expired(45)")]
    [InlineData("stranger", CloseReason.CertificateRejected, "sent unknown_ca(48)")]
    [InlineData("server", CloseReason.CertificateRejected, "sent unsupported_certificate(43)")]
    [InlineData("mallory", CloseReason.AccessDenied, "sent access_denied(49)")]
    public async Task A_client_that_is_not_let_in_is_told_and_named(string client, CloseReason reason, string alert)
    {
        using var others = new TestCertificates("Another authority");
        await using var upstream = TestUpstream.Echo();
        var listener = Strict(upstream);
        var authentication = new TlsClientAuthentication
        {
            Mode = ClientCertificateMode.Required,
            TrustedAuthoritiesPem = _certificates.Authority.ExportCertificatePem(),
            Authorize = static who => who.Subject.Contains("alice", StringComparison.Ordinal) ? null : "it is not alice's",
        };
        await using var gateway = await RunningGateway.StartAsync(
            listener with
            {
                Tls = listener.Tls with { ClientAuthentication = authentication },
            },
            log: _log
        );
        var shown = client switch
        {
            "none" => null,
            "expired" => _certificates.ClientLeaf("alice", expired: true),
            "stranger" => others.ClientLeaf("alice"),
            "server" => _certificates.Leaf("alice", "alice.test"),
            _ => _certificates.ClientLeaf(client),
        };
        await ConnectAsync(gateway, "-tls1_3 " + Show(shown));
        Assert.Contains($"alert {alert}, ", await LineAsync(gateway, reason), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_does_not_speak_TLS_is_named_without_an_alert()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(Strict(upstream), log: _log);
        using (var socket = EngineClient.ConnectSocket(gateway.EndPoint))
        {
            socket.Send("GET / HTTP/1.0\r\n\r\n"u8);
            while (socket.Receive(new byte[1000]) > 0) { }
        }

        Assert.Contains("alert none, sni=- ja4=-", await LineAsync(gateway, CloseReason.PlainHttp), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_name_cannot_forge_a_line()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(Strict(upstream), log: _log);
        using (var socket = EngineClient.ConnectSocket(gateway.EndPoint))
        {
            byte[] name = [.. "a\nroot logged in\u001b[2J"u8];
            byte[] extension = [0, 0, 0, (byte)(name.Length + 5), 0, (byte)(name.Length + 3), 0, 0, (byte)name.Length, .. name];
            byte[] body = [3, 3, .. new byte[32], 0, 0, 2, 0xc0, 0x2b, 1, 0, 0, (byte)extension.Length, .. extension];
            socket.Send([22, 3, 1, 0, (byte)(body.Length + 4), 1, 0, 0, (byte)body.Length, .. body]);
            socket.Shutdown(SocketShutdown.Send);
            while (socket.Receive(new byte[1000]) > 0) { }
        }

        await RunningGateway.UntilAsync(() => _log.Lines.Any(IsFailure), "the failure is logged");
        Assert.DoesNotContain(_log.Lines, static line => line.Any(char.IsControl));
    }

    private static bool IsFailure(string line) => line.Contains("handshake failed", StringComparison.Ordinal);

    private ListenerSettings Strict(TestUpstream upstream)
    {
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        return listener with
        {
            Tls = listener.Tls with
            {
                Policy = TlsPolicies.Intermediate,
                ApplicationProtocols = ["http/1.1"],
                RejectUnknownServerNames = true,
            },
        };
    }

    /// <summary>The one line of this failure; the counts agree with it.</summary>
    private async Task<string> LineAsync(RunningGateway gateway, CloseReason reason)
    {
        await gateway.UntilClosedAsync(reason);
        var line = Assert.Single(_log.Lines, IsFailure);
        Assert.Contains("fault client", line, StringComparison.Ordinal);
        Assert.Equal(1, Enum.GetValues<CloseReason>().Sum(gateway.Closed));
        return line;
    }

    private string Show(TlsCertificate? certificate)
    {
        if (certificate is null)
            return "";
        var (chain, key) = (Path.Combine(_certificates.Folder, "client.pem"), Path.Combine(_certificates.Folder, "client-key.pem"));
        File.WriteAllText(chain, certificate.ChainPem);
        File.WriteAllText(key, certificate.KeyPem);
        return $"-cert {chain} -key {key}";
    }

    private async Task ConnectAsync(RunningGateway gateway, string options)
    {
        var name = options.Contains("-servername", StringComparison.Ordinal) ? "" : "-servername localhost ";
        await using var client = RunningProgram.Start(
            _openssl,
            ["s_client", "-connect", $"127.0.0.1:{gateway.Port}", .. (name + options).Split(' ', StringSplitOptions.RemoveEmptyEntries)]
        );
        await client.ExitAsync();
    }
}
