using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Pki.Inspection;

namespace TlsGateway.Interop.Tests.Pki;

/// <summary><c>gateway inspect</c> on files that OpenSSL and the gateway made, and on a server that OpenSSL runs.</summary>
public sealed class InspectTests : IAsyncLifetime
{
    private readonly ToolFolder _folder = new();

    private string Authority => _folder["ca/ca.pem"];

    private string Leaf => _folder["ca/issued/localhost.pem"];

    private string Key => _folder["ca/issued/localhost-key.pem"];

    public async ValueTask InitializeAsync()
    {
        await _folder.GatewayAsync("ca", "init", "--folder", _folder["ca"], "--ocsp-url", "http://ca.test/ocsp");
        await _folder.GatewayAsync(
            "ca",
            "issue",
            "--folder",
            _folder["ca"],
            "--dns",
            "localhost",
            "--ip",
            "127.0.0.1",
            "--key",
            "rsa-2048"
        );
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task All_parts_of_a_PEM_file_are_told_and_never_the_private_key()
    {
        var all = _folder["all.pem"];
        await File.WriteAllTextAsync(
            all,
            await File.ReadAllTextAsync(Leaf) + await File.ReadAllTextAsync(Key) + await File.ReadAllTextAsync(Authority)
        );

        var text = await _folder.GatewayAsync("inspect", all);
        var items = await InspectAsync(all);

        Assert.Equal(["certificate", "privateKey", "certificate"], items.Select(Kind));
        Assert.Equal("CN=localhost", Text(items[0], "subject"));
        Assert.Equal(["DNS:localhost", "IP:127.0.0.1"], items[0]!["names"]!.AsArray().Select(name => name!.GetValue<string>()));
        Assert.Equal(396, items[0]!["daysLeft"]!.GetValue<int>());
        Assert.Equal("RSA 2048 bits", Text(items[1], "key"));
        Assert.Equal(Text(items[0], "keyFingerprint"), Text(items[1], "keyFingerprint"));
        Assert.Matches(@"(?m)^certificate\n  subject +CN=localhost\n", text);
        // Nothing of the key's numbers, in whatever writing.
        var secret = Convert.FromBase64String(Base64(await File.ReadAllTextAsync(Key)));
        Assert.DoesNotContain(Convert.ToHexString(secret)[^64..], text + items.ToJsonString(), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Base64(await File.ReadAllTextAsync(Key))[^40..], text + items.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x509", "certificate")]
    [InlineData("req", "request")]
    [InlineData("crl", "crl")]
    [InlineData("pkey", "privateKey")]
    [InlineData("pubkey", "publicKey")]
    [InlineData("pkcs7", "cms")]
    [InlineData("ocsp", "ocspResponse")]
    public async Task DER_is_told_apart(string made, string kind)
    {
        var file = _folder["made.der"];
        await _folder.GatewayAsync("ca", "crl", "--folder", _folder["ca"]);
        string[] command = made switch
        {
            "x509" => ["x509", "-in", Leaf, "-outform", "DER", "-out", file],
            "req" => ["req", "-new", "-key", Key, "-subj", "/CN=asked", "-outform", "DER", "-out", file],
            "crl" => ["crl", "-in", _folder["ca/crl.pem"], "-outform", "DER", "-out", file],
            "pkey" => ["pkey", "-in", Key, "-outform", "DER", "-out", file],
            "pubkey" => ["pkey", "-in", Key, "-pubout", "-outform", "DER", "-out", file],
            "pkcs7" => ["crl2pkcs7", "-nocrl", "-certfile", Leaf, "-outform", "DER", "-out", file],
            _ => OcspCommand(file),
        };
        if (made == "ocsp")
            await File.WriteAllTextAsync(_folder["index"], "");
        await _folder.OpenSslAsync(command);

        Assert.Equal(kind, Kind((await InspectAsync(file))[0]));
    }

    [Fact]
    public async Task PKCS12_needs_its_passphrase()
    {
        var file = _folder["a.p12"];
        await _folder.OpenSslAsync(
            "pkcs12",
            "-export",
            "-in",
            Leaf,
            "-inkey",
            Key,
            "-certfile",
            Authority,
            "-passout",
            "pass:" + ToolFolder.Passphrase,
            "-out",
            file
        );

        var (code, _, error) = await _folder.TryGatewayAsync("inspect", file);
        var items = JsonNode.Parse(await _folder.GatewayAsync("inspect", file, "--json", "--passphrase-env", "PASSPHRASE"))!.AsArray();

        Assert.Equal(1, code);
        Assert.Contains("--passphrase-file", error, StringComparison.Ordinal);
        Assert.Equal("pkcs12", Kind(items[0]));
        Assert.Contains("privateKey", items.Select(Kind));
        Assert.Contains("certificate", items.Select(Kind));
    }

    [Fact]
    public async Task What_is_expired_weak_or_without_names_is_warned_of()
    {
        await _folder.OpenSslAsync(
            "req",
            "-x509",
            "-newkey",
            "rsa:1024",
            "-nodes",
            "-keyout",
            _folder["weak-key.pem"],
            "-subj",
            "/CN=weak",
            "-days",
            "1",
            "-out",
            _folder["weak.pem"],
            "-addext",
            "basicConstraints=critical,CA:FALSE"
        );

        var items = FileInspection.Describe(_folder["weak.pem"], passphrase: null, TimeProvider.System.GetUtcNow().AddDays(10));

        var warnings = Assert.Single(items).Warnings;
        Assert.Contains(
            warnings,
            warning =>
                warning.StartsWith("expired 8 days ago", StringComparison.Ordinal)
                || warning.StartsWith("expired 9 days ago", StringComparison.Ordinal)
        );
        Assert.Contains(warnings, warning => warning.StartsWith("weak key: RSA with 1024 bits", StringComparison.Ordinal));
        Assert.Contains(warnings, warning => warning.StartsWith("no subject alternative name", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_nothing_known_is_told_with_exit_code_1_and_no_file_with_2()
    {
        await File.WriteAllTextAsync(_folder["text"], "hello");

        Assert.Equal(1, (await _folder.TryGatewayAsync("inspect", _folder["text"])).Code);
        Assert.Equal(2, (await _folder.TryGatewayAsync("inspect", _folder["absent"])).Code);
    }

    [Theory]
    [InlineData("-tls1_3", "TLSv1.3")]
    [InlineData("-tls1_2", "TLSv1.2")]
    public async Task A_server_is_described_and_judged(string version, string name)
    {
        await File.WriteAllTextAsync(_folder["index"], "");
        await _folder.OpenSslAsync(OcspCommand(_folder["staple.der"]));
        await using var server = await StartServerAsync(version, "-alpn", "h2", "-status_file", _folder["staple.der"]);
        string[] inspect = ["inspect", server.Target, "--alpn", "h2,http/1.1", "--json"];

        var good = await _folder.TryGatewayAsync([.. inspect, "--ca", Authority]);
        var untrusted = await _folder.TryGatewayAsync(inspect);
        var wrongName = await _folder.TryGatewayAsync([.. inspect, "--ca", Authority, "--servername", "other.test"]);

        var items = JsonNode.Parse(good.Output)!.AsArray();
        Assert.Equal(["server", "certificate", "ocspResponse"], items.Select(Kind));
        Assert.Equal((0, name, "h2"), (good.Code, Text(items[0], "protocol"), Text(items[0], "alpn")));
        Assert.StartsWith(name == "TLSv1.3" ? "TLS_AES_" : "TLS_ECDHE_RSA_", Text(items[0], "suite"), StringComparison.Ordinal);
        Assert.NotEmpty(Text(items[0], "group"));
        Assert.True(items[0]!["isTrusted"]!.GetValue<bool>());
        Assert.True(items[0]!["stapled"]!.GetValue<bool>());
        Assert.Equal(1, untrusted.Code);
        Assert.Equal(1, wrongName.Code);
        Assert.Contains("it is not for other.test", wrongName.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_none_is_told()
    {
        using TcpListener closed = new(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        var accepting = closed.AcceptSocketAsync(TestContext.Current.CancellationToken);
        var inspecting = _folder.TryGatewayAsync("inspect", $"127.0.0.1:{port}");
        using (var socket = await accepting)
            await socket.SendAsync("220 mail.test ESMTP\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        var (code, _, error) = await inspecting;

        Assert.Equal(1, code);
        Assert.Contains($"127.0.0.1:{port}", error, StringComparison.Ordinal);
    }

    /// <summary>Signs a response without a server. The index is empty, so it says unknown; inspecting and stapling do not mind.</summary>
    private string[] OcspCommand(string file) =>
        [
            "ocsp",
            "-index",
            _folder["index"],
            "-CA",
            Authority,
            "-rsigner",
            Authority,
            "-rkey",
            _folder["ca/ca-key.pem"],
            "-issuer",
            Authority,
            "-cert",
            Leaf,
            "-ndays",
            "1",
            "-noverify",
            "-respout",
            file,
        ];

    private async Task<Server> StartServerAsync(params string[] options)
    {
        var program = RunningProgram.Start(
            Programs.Require("openssl"),
            ["s_server", "-accept", "127.0.0.1:0", "-cert", Leaf, "-key", Key, "-naccept", "3", .. options]
        );
        await program.ExpectAsync("ACCEPT 127.0.0.1:");
        await program.ExpectAsync("\n");
        var text = program.Output.Text;
        var start = text.IndexOf("ACCEPT ", StringComparison.Ordinal) + "ACCEPT ".Length;
        return new Server(program, text[start..text.IndexOf('\n', start)]);
    }

    private async Task<JsonArray> InspectAsync(string file) =>
        JsonNode.Parse(await _folder.GatewayAsync("inspect", file, "--json"))!.AsArray();

    private static string Kind(JsonNode? item) => Text(item, "kind");

    private static string Text(JsonNode? item, string name) => item![name]!.GetValue<string>();

    private static string Base64(string pem) => string.Concat(pem.Split('\n').Where(line => !line.StartsWith('-')));

    private sealed class Server(RunningProgram program, string target) : IAsyncDisposable
    {
        public string Target { get; } = target;

        public ValueTask DisposeAsync() => program.DisposeAsync();
    }
}
