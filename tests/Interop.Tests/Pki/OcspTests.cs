using System.Net;
using TlsGateway.Gateway.Commands.Authorities;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Revocation;

namespace TlsGateway.Interop.Tests.Pki;

/// <summary>The OCSP responder over HTTP, asked by OpenSSL's command line.</summary>
public sealed class OcspTests : IAsyncLifetime
{
    private readonly ToolFolder _folder = new();
    private OcspServer _server = null!;

    private string Url => $"http://{_server.EndPoint}/";

    public async ValueTask InitializeAsync()
    {
        await _folder.GatewayAsync("ca", "init", "--folder", _folder["ca"]);
        await _folder.GatewayAsync("ca", "issue", "--folder", _folder["ca"], "--dns", "a.test");
        AuthorityFolder authority = new(_folder["ca"]);
        var signer = OcspSigner.LoadOrIssue(authority, passphrase: null, TimeProvider.System);
        OcspResponder responder = new(authority, signer, TimeSpan.FromHours(1), TimeProvider.System);
        _server = await OcspServer.StartAsync(responder, new IPEndPoint(IPAddress.Loopback, 0), TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_answer_is_signed_by_a_delegated_responder_and_follows_the_index()
    {
        string[] ask =
        [
            "ocsp",
            "-issuer",
            _folder["ca/ca.pem"],
            "-CAfile",
            _folder["ca/ca.pem"],
            "-cert",
            _folder["ca/issued/a.test.pem"],
            "-url",
            Url,
            "-resp_text",
        ];
        var good = await _folder.OpenSslAsync(ask);
        await _folder.GatewayAsync("ca", "revoke", "--folder", _folder["ca"], "a.test", "--reason", "superseded");
        var revoked = await _folder.OpenSslAsync(ask);

        Assert.Contains("a.test.pem: good", good, StringComparison.Ordinal);
        Assert.Contains("Response verify OK", good, StringComparison.Ordinal);
        Assert.Contains("Responder Id: CN = OCSP responder", good, StringComparison.Ordinal);
        Assert.Contains("OCSP Nonce:", good, StringComparison.Ordinal);
        Assert.DoesNotContain("WARNING", good, StringComparison.Ordinal);
        Assert.Contains("a.test.pem: revoked", revoked, StringComparison.Ordinal);
        Assert.Contains("Reason: superseded", revoked, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_serial_that_was_never_issued_is_unknown_with_any_hash()
    {
        foreach (var hash in new[] { "-sha1", "-sha256", "-sha384" })
        {
            var text = await _folder.OpenSslAsync(
                "ocsp",
                hash,
                "-issuer",
                _folder["ca/ca.pem"],
                "-CAfile",
                _folder["ca/ca.pem"],
                "-serial",
                "0x1234",
                "-url",
                Url
            );
            Assert.Contains("0x1234: unknown", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_request_in_the_path_gets_the_same_answer()
    {
        await _folder.OpenSslAsync(
            "ocsp",
            "-issuer",
            _folder["ca/ca.pem"],
            "-cert",
            _folder["ca/issued/a.test.pem"],
            "-no_nonce",
            "-reqout",
            _folder["req.der"]
        );
        var path = Uri.EscapeDataString(Convert.ToBase64String(await File.ReadAllBytesAsync(_folder["req.der"])));
        using HttpClient client = new();

        var answer = await client.GetByteArrayAsync(new Uri(Url + path), TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(_folder["resp.der"], answer);
        var text = await _folder.OpenSslAsync(
            "ocsp",
            "-respin",
            _folder["resp.der"],
            "-issuer",
            _folder["ca/ca.pem"],
            "-CAfile",
            _folder["ca/ca.pem"],
            "-cert",
            _folder["ca/issued/a.test.pem"],
            "-no_nonce"
        );

        Assert.Contains("Response verify OK", text, StringComparison.Ordinal);
        Assert.Contains("a.test.pem: good", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_request_is_malformed_and_what_is_too_large_is_refused()
    {
        using HttpClient client = new();
        using ByteArrayContent nonsense = new([1, 2, 3]);
        using var malformed = await client.PostAsync(new Uri(Url), nonsense, TestContext.Current.CancellationToken);
        using ByteArrayContent large = new(new byte[OcspResponder.MaxRequestBytes + 1]);
        using var refused = await client.PostAsync(new Uri(Url), large, TestContext.Current.CancellationToken);
        using var path = await client.GetAsync(new Uri(Url + "%21%21"), TestContext.Current.CancellationToken);

        // OCSPResponse { responseStatus malformedRequest (1) }
        Assert.Equal([0x30, 0x03, 0x0A, 0x01, 0x01], await malformed.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, path.StatusCode);
    }
}
