namespace TlsGateway.Interop.Tests.Pki;

/// <summary><c>gateway ca</c>, judged by OpenSSL's command line.</summary>
public sealed class AuthorityTests : IDisposable
{
    private static readonly string PassphraseArgument = "pass:" + ToolFolder.Passphrase;

    private readonly ToolFolder _folder = new();

    private string Root => _folder["root"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("ecdsa-p256", "ecdsa-with-SHA256", "(256 bit)")]
    [InlineData("ecdsa-p384", "ecdsa-with-SHA384", "(384 bit)")]
    [InlineData("rsa-2048", "sha256WithRSAEncryption", "(2048 bit)")]
    [InlineData("rsa-4096", "sha384WithRSAEncryption", "(4096 bit)")]
    public async Task A_leaf_of_each_kind_of_key_verifies_strictly(string key, string signature, string bits)
    {
        await _folder.GatewayAsync("ca", "init", "--folder", Root, "--key", key, "--subject", "CN=Root,O=Example");
        await _folder.GatewayAsync("ca", "issue", "--folder", Root, "--key", key, "--dns", "www.example.org", "--name", "www");

        var leaf = _folder["root/issued/www.pem"];
        var verdict = await _folder.OpenSslAsync(
            "verify",
            "-x509_strict",
            "-purpose",
            "sslserver",
            "-verify_hostname",
            "www.example.org",
            "-CAfile",
            _folder["root/ca.pem"],
            leaf
        );
        var text = await _folder.OpenSslAsync("x509", "-in", leaf, "-noout", "-text");

        Assert.Contains($"{leaf}: OK", verdict, StringComparison.Ordinal);
        Assert.Contains($"Signature Algorithm: {signature}", text, StringComparison.Ordinal);
        Assert.Contains(bits, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_usages_and_places_are_as_asked()
    {
        await _folder.GatewayAsync("ca", "init", "--folder", Root, "--crl-url", "http://ca.test/crl", "--ocsp-url", "http://ca.test/ocsp");
        await _folder.GatewayAsync(
            "ca",
            "issue",
            "--folder",
            Root,
            "--profile",
            "both",
            "--subject",
            @"CN=member\, one,O=Example",
            "--dns",
            "*.fleet.test",
            "--ip",
            "192.0.2.1",
            "--ip",
            "2001:db8::1",
            "--uri",
            "spiffe://fleet/member-1",
            "--email",
            "ops@fleet.test",
            "--name",
            "member"
        );

        var text = await _folder.OpenSslAsync("x509", "-in", _folder["root/issued/member.pem"], "-noout", "-text", "-nameopt", "RFC2253");

        Assert.Contains(@"Subject: CN=member\, one,O=Example", text, StringComparison.Ordinal);
        Assert.Contains(
            "DNS:*.fleet.test, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1, URI:spiffe://fleet/member-1, email:ops@fleet.test",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains("TLS Web Server Authentication, TLS Web Client Authentication", text, StringComparison.Ordinal);
        Assert.Contains("URI:http://ca.test/crl", text, StringComparison.Ordinal);
        Assert.Contains("OCSP - URI:http://ca.test/ocsp", text, StringComparison.Ordinal);
        Assert.Contains("CA:FALSE", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_verifies_for_its_purpose_and_no_other()
    {
        await _folder.GatewayAsync("ca", "init", "--folder", Root);
        await _folder.GatewayAsync("ca", "issue", "--folder", Root, "--profile", "client", "--subject", "CN=alice");
        var leaf = _folder["root/issued/alice.pem"];

        await _folder.OpenSslAsync("verify", "-purpose", "sslclient", "-CAfile", _folder["root/ca.pem"], leaf);
        var (code, text) = await _folder.TryOpenSslAsync("verify", "-purpose", "sslserver", "-CAfile", _folder["root/ca.pem"], leaf);

        Assert.NotEqual(0, code);
        Assert.Contains("unsuitable certificate purpose", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_intermediate_with_an_encrypted_key_issues_a_chain_that_verifies()
    {
        await _folder.GatewayAsync("ca", "init", "--folder", Root, "--path-length", "1");
        await _folder.GatewayAsync(
            "ca",
            "init",
            "--folder",
            _folder["sub"],
            "--intermediate-of",
            Root,
            "--subject",
            "CN=Sub",
            "--encrypt",
            "--passphrase-env",
            "PASSPHRASE"
        );
        await _folder.GatewayAsync("ca", "issue", "--folder", _folder["sub"], "--dns", "a.test", "--passphrase-env", "PASSPHRASE");
        var leaf = _folder["sub/issued/a.test.pem"];

        await _folder.OpenSslAsync("verify", "-x509_strict", "-CAfile", _folder["root/ca.pem"], "-untrusted", leaf, leaf);
        await _folder.OpenSslAsync("pkey", "-in", _folder["sub/ca-key.pem"], "-passin", PassphraseArgument, "-noout");
        var asn1 = await _folder.OpenSslAsync("asn1parse", "-in", _folder["sub/ca-key.pem"]);
        Assert.Contains("aes-256-cbc", asn1, StringComparison.Ordinal);
        Assert.Contains("hmacWithSHA256", asn1, StringComparison.Ordinal);

        // Path length 1 leaves 0 for the intermediate: nothing goes below it.
        var (code, _, error) = await _folder.TryGatewayAsync(
            "ca",
            "init",
            "--folder",
            _folder["deep"],
            "--intermediate-of",
            _folder["sub"],
            "--parent-passphrase-env",
            "PASSPHRASE"
        );
        Assert.Equal(1, code);
        Assert.Contains("path length 0", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pkcs12_file_opens_with_its_passphrase()
    {
        await _folder.GatewayAsync("ca", "init", "--folder", Root);
        await _folder.GatewayAsync(
            "ca",
            "issue",
            "--folder",
            Root,
            "--dns",
            "a.test",
            "--pkcs12",
            _folder["a.p12"],
            "--key-passphrase-env",
            "PASSPHRASE"
        );

        var info = await _folder.OpenSslAsync("pkcs12", "-in", _folder["a.p12"], "-passin", PassphraseArgument, "-info", "-noout");
        var pem = await _folder.OpenSslAsync("pkcs12", "-in", _folder["a.p12"], "-passin", PassphraseArgument, "-nodes");

        Assert.Contains("AES-256-CBC", info, StringComparison.Ordinal);
        Assert.Contains("MAC: sha256", info, StringComparison.Ordinal);
        Assert.Contains("BEGIN PRIVATE KEY", pem, StringComparison.Ordinal);
        Assert.Equal(
            Convert.FromBase64String(Body(await File.ReadAllTextAsync(_folder["root/issued/a.test.pem"]))),
            Convert.FromBase64String(Body(pem))
        );
    }

    [Fact]
    public async Task A_revoked_leaf_is_on_the_next_crl_and_no_longer_verifies()
    {
        await _folder.GatewayAsync("ca", "init", "--folder", Root);
        await _folder.GatewayAsync("ca", "issue", "--folder", Root, "--dns", "bad.test");
        await _folder.GatewayAsync("ca", "issue", "--folder", Root, "--dns", "good.test");
        await _folder.GatewayAsync("ca", "crl", "--folder", Root);
        string[] check = ["verify", "-crl_check", "-CAfile", _folder["root/ca.pem"], "-CRLfile", _folder["root/crl.pem"]];
        await _folder.OpenSslAsync([.. check, _folder["root/issued/bad.test.pem"]]);

        await _folder.GatewayAsync("ca", "revoke", "--folder", Root, "bad.test", "--reason", "keyCompromise");
        await _folder.GatewayAsync("ca", "crl", "--folder", Root, "--out", _folder["crl.der"]);

        var (code, text) = await _folder.TryOpenSslAsync([.. check, _folder["root/issued/bad.test.pem"]]);
        Assert.NotEqual(0, code);
        Assert.Contains("certificate revoked", text, StringComparison.Ordinal);
        await _folder.OpenSslAsync([.. check, _folder["root/issued/good.test.pem"]]);
        var crl = await _folder.OpenSslAsync(
            "crl",
            "-inform",
            "DER",
            "-in",
            _folder["crl.der"],
            "-noout",
            "-text",
            "-CAfile",
            _folder["root/ca.pem"]
        );
        Assert.Contains("verify OK", crl, StringComparison.Ordinal);
        Assert.Contains("Key Compromise", crl, StringComparison.Ordinal);
        Assert.Matches(@"X509v3 CRL Number: *\n *2\n", crl);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Renewing_keeps_the_names_and_the_key_only_when_asked(bool keepKey)
    {
        await _folder.GatewayAsync("ca", "init", "--folder", Root);
        await _folder.GatewayAsync("ca", "issue", "--folder", Root, "--dns", "a.test", "--ip", "192.0.2.1", "--key", "ecdsa-p384");
        var leaf = _folder["root/issued/a.test.pem"];
        string[] publicKey = ["x509", "-in", leaf, "-noout", "-pubkey"];
        var keyBefore = await _folder.OpenSslAsync(publicKey);
        var serialBefore = await _folder.OpenSslAsync("x509", "-in", leaf, "-noout", "-serial");

        await _folder.GatewayAsync(["ca", "renew", "--folder", Root, "a.test", .. keepKey ? new[] { "--keep-key" } : []]);

        var text = await _folder.OpenSslAsync("x509", "-in", leaf, "-noout", "-text");
        Assert.Contains("DNS:a.test, IP Address:192.0.2.1", text, StringComparison.Ordinal);
        Assert.Contains("(384 bit)", text, StringComparison.Ordinal);
        Assert.NotEqual(serialBefore, await _folder.OpenSslAsync("x509", "-in", leaf, "-noout", "-serial"));
        Assert.Equal(keepKey, keyBefore == await _folder.OpenSslAsync(publicKey));
        // The key file is the certificate's in both cases, and the old certificate is kept.
        Assert.Equal(
            await _folder.OpenSslAsync(publicKey),
            await _folder.OpenSslAsync("pkey", "-in", _folder["root/issued/a.test-key.pem"], "-pubout")
        );
        Assert.True(File.Exists(_folder[$"root/issued/a.test.{serialBefore.Trim()["serial=".Length..]}.pem"]));
    }

    /// <summary>The first certificate of a PEM text.</summary>
    private static string Body(string pem)
    {
        const string Begin = "-----BEGIN CERTIFICATE-----";
        var start = pem.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        return pem[start..pem.IndexOf("-----END", start, StringComparison.Ordinal)];
    }
}
