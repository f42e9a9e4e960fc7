using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using TlsGateway.Gateway.Commands;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Commands;

/// <summary>The command line, called as Program does.</summary>
public sealed class GatewayCommandsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Check_of_a_good_file_says_what_is_in_it()
    {
        var file = _folder.Write("good.yaml", Loader.Minimal);

        Assert.Equal((0, $"{file}: ok, 1 listener, 1 upstream\n", ""), await InvokeAsync(["check", "--config", file]));
        Assert.False(Directory.Exists(_folder.File("state")));
    }

    [Fact]
    public async Task Check_of_a_bad_file_tells_every_error_on_stderr_and_exits_with_2()
    {
        var file = _folder.Write("bad.yaml", Loader.Minimal.Replace("demo\n", "dema\n", StringComparison.Ordinal) + "x: 1\n");

        var (code, output, error) = await InvokeAsync(["check", "-c", file]);

        Assert.Equal((2, ""), (code, output));
        Assert.Equal(
            [$"{file}:4:15: ", $"{file}:9:1: "],
            error.TrimEnd().Split('\n').Select(line => line[..(line.IndexOf(": ", StringComparison.Ordinal) + 2)])
        );
    }

    [Fact]
    public async Task The_file_is_taken_from_the_option_then_the_environment_then_the_folder_then_beside_the_program()
    {
        Directory.CreateDirectory(_folder.File("config"));
        var world = Loader.World(_folder.Path, ("GATEWAY_CONFIG", "/from/environment.yaml"));
        var silent = Loader.World(_folder.Path);

        Assert.Equal("/from/option.yaml", ConfigurationFile.Find("/from/option.yaml", world));
        Assert.Equal("/from/environment.yaml", ConfigurationFile.Find(null, world));
        Assert.Equal(Path.Combine(AppContext.BaseDirectory, "config/gateway.yaml"), ConfigurationFile.Find(null, silent));
        Assert.True(File.Exists(ConfigurationFile.Find(null, silent)));
        _folder.Write("config/gateway.yaml", "");
        Assert.Equal("config/gateway.yaml", ConfigurationFile.Find(null, silent));

        var (code, _, error) = await InvokeAsync(["check"], ("GATEWAY_CONFIG", "/from/environment.yaml"));
        Assert.Equal(2, code);
        Assert.StartsWith("/from/environment.yaml:1:1: the file does not exist", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Schema_is_JSON_on_stdout()
    {
        var (code, output, error) = await InvokeAsync(["schema"]);

        Assert.Equal((0, ""), (code, error));
        Assert.Equal("TLS gateway configuration", JsonNode.Parse(output)!["title"]!.GetValue<string>());
    }

    [Fact]
    public async Task Version_tells_what_a_bug_report_needs()
    {
        var (code, output, error) = await InvokeAsync(["version"]);

        Assert.Equal((0, ""), (code, error));
        Assert.Matches(
            @"(?s)^gateway \d+\.\d+\.\d+.*\n\.NET +\d+\..*\nsystem .*\nengine +openssl: OpenSSL 3\..*\ngroups .*x25519.* \(x25519: libsodium 1\..*\nengine +bouncycastle: BouncyCastle 2\..*\ngroups .*X25519MLKEM768.* \(x25519: libsodium 1\.",
            output
        );
    }

    [Fact]
    public async Task Version_as_JSON_has_both_engines()
    {
        var (code, output, error) = await InvokeAsync(["version", "--json"]);

        Assert.Equal((0, ""), (code, error));
        var engines = JsonNode.Parse(output)!["engines"]!.AsArray();
        Assert.Equal(["openssl", "bouncycastle"], engines.Select(static engine => engine!["name"]!.GetValue<string>()));
        foreach (var list in (string[])["groups", "tls13CipherSuites", "tls12CipherSuites", "capabilities"])
        {
            Assert.All(engines, engine => Assert.NotEmpty(engine![list]!.AsArray()));
        }
        Assert.All(
            engines,
            static engine => Assert.StartsWith("libsodium 1.", engine!["x25519"]!.GetValue<string>(), StringComparison.Ordinal)
        );
        Assert.Contains("Renegotiation", engines[0]!["capabilities"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Renegotiation", engines[1]!["capabilities"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help", "gateway check --config new.yaml")]
    [InlineData("run --help", "GATEWAY_CONFIG=/etc/gateway.yaml gateway run")]
    [InlineData("check --help", "kill -HUP")]
    [InlineData("schema --help", "yaml-language-server")]
    [InlineData("ca --help", "gateway ca init --folder lab")]
    [InlineData("ca issue --help", "--uri spiffe://example.org/member-1")]
    [InlineData("ca ocsp-serve --help", "openssl ocsp -issuer lab/ca.pem")]
    [InlineData("inspect --help", "gateway inspect www.example.org:443")]
    [InlineData("seal --help", "--sign ci.pem")]
    [InlineData("version --help", "gateway version --json | jq")]
    [InlineData("unseal --help", "--verify-ca lab/ca.pem")]
    public async Task Help_has_examples(string arguments, string example)
    {
        var (code, output, _) = await InvokeAsync(arguments.Split(' '));

        Assert.Equal(0, code);
        Assert.Contains(example, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--bogus")]
    [InlineData("launch")]
    [InlineData("check --config")]
    public async Task A_wrong_command_line_exits_with_2(string arguments)
    {
        var (code, _, error) = await InvokeAsync(arguments.Split(' '));

        Assert.Equal(2, code);
        Assert.NotEmpty(error);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("")]
    public async Task Run_with_a_bad_file_does_not_start_and_exits_with_2(string command)
    {
        var file = _folder.Write("bad.yaml", "nothing: here\n");

        var (code, output, error) = await InvokeAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--config", file]);

        Assert.Equal((2, ""), (code, output));
        Assert.Contains("listeners is missing", error, StringComparison.Ordinal);
        Assert.EndsWith("Not started: the configuration has errors.\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_names_a_port_that_is_taken_and_exits_with_1()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var listener = _folder.Write("listener.yaml", Yaml($"127.0.0.1:{port}", "127.0.0.1:0"));
        var admin = _folder.Write("admin.yaml", Yaml("127.0.0.1:0", $"127.0.0.1:{port}"));

        foreach (var file in new[] { listener, admin })
        {
            var (code, _, error) = await InvokeAsync(["run", "--config", file]);
            Assert.Equal(1, code);
            Assert.Contains($"127.0.0.1:{port}", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Run_serves_until_it_is_told_to_stop()
    {
        var file = _folder.Write("run.yaml", Yaml("127.0.0.1:0", "127.0.0.1:0"));
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using LineWriter output = new();
        using StringWriter error = new();
        var run = GatewayCommands.InvokeAsync(["run", "--config", file], output, error, Loader.World(_folder.Path), stop.Token);

        var command = await output.WaitForLineAsync("curl ").WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        var url = command.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^1];
        var answer = await GetTrustingOnlyAsync(_folder.File("state/ca.pem"), new Uri(url));
        await stop.CancelAsync();

        Assert.Contains("The TLS gateway works.", answer, StringComparison.Ordinal);
        Assert.Equal(0, await run.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        Assert.Equal("", error.ToString());
        Assert.Contains($"configuration {file}, generation 1", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("listener https on 127.0.0.1:", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("admin http://127.0.0.1:", output.ToString(), StringComparison.Ordinal);
    }

    private static string Yaml(string bind, string admin) =>
        Loader.Minimal.Replace("127.0.0.1:8443", $"\"{bind}\"", StringComparison.Ordinal)
        + $"admin: {{ bind: \"{admin}\" }}\neventLoops: 1\nlog: {{ level: error }}\n";

    private async Task<(int Code, string Output, string Error)> InvokeAsync(string[] args, params (string Name, string Value)[] variables)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        var world = Loader.World(_folder.Path, variables);
        var code = await GatewayCommands.InvokeAsync(args, output, error, world, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }

    private static async Task<string> GetTrustingOnlyAsync(string authorityFile, Uri url)
    {
        using var authority = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificateFromFile(authorityFile);
        using SocketsHttpHandler handler = new();
        handler.SslOptions.CertificateChainPolicy = new()
        {
            TrustMode = System.Security.Cryptography.X509Certificates.X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { authority },
            RevocationMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
        };
        using HttpClient client = new(handler);
        return await client.GetStringAsync(url, TestContext.Current.CancellationToken);
    }
}
