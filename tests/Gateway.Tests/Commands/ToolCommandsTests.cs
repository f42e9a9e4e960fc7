using System.Text.Json.Nodes;
using TlsGateway.Gateway.Commands;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Commands;

/// <summary>The certificate tools' command lines: exit codes and messages. What they make is judged by OpenSSL in Interop.Tests.</summary>
public sealed class ToolCommandsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Authority => _folder.File("ca");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("ca issue --folder CA --profile king --dns a.test", "'king' is no profile")]
    [InlineData("ca issue --folder CA --key dsa --dns a.test", "'dsa' is no kind of key")]
    [InlineData("ca issue --folder CA --dns a_b.test", "'a_b.test' is no DNS name")]
    [InlineData("ca issue --folder CA --dns a.test --encrypt", "--key-passphrase-file")]
    [InlineData("ca init --folder CA --subject nonsense", "'nonsense' is no subject name")]
    [InlineData("ca init --folder CA --crl-url https://ca.test/crl", "no http:// URL")]
    [InlineData("ca revoke --folder CA a --reason boredom", "'boredom' is no reason")]
    [InlineData("ca ocsp-serve --folder CA --listen somewhere", "--listen is 'somewhere'")]
    [InlineData("inspect nothing-here", "neither a file that exists nor a server")]
    [InlineData("seal --to a.pem --sign b.pem", "belong together")]
    public async Task A_wrong_option_is_exit_code_2_with_what_is_right(string arguments, string message)
    {
        var (code, output, error) = await InvokeAsync(arguments);

        Assert.Equal((2, ""), (code, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ca list --folder CA")]
    [InlineData("ca issue --folder CA --dns a.test")]
    [InlineData("ca crl --folder CA")]
    [InlineData("ca revoke --folder CA a.test")]
    [InlineData("ca ocsp-serve --folder CA")]
    public async Task A_folder_without_an_authority_is_exit_code_1_and_named(string arguments)
    {
        var (code, _, error) = await InvokeAsync(arguments);

        Assert.Equal(1, code);
        Assert.Contains(Authority, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Listing_shows_states_as_a_table_and_as_JSON()
    {
        await InvokeAsync("ca init --folder CA");
        await InvokeAsync("ca issue --folder CA --dns a.test");
        await InvokeAsync("ca issue --folder CA --profile client --subject CN=alice --days 30");
        await InvokeAsync("ca revoke --folder CA alice --reason superseded");

        var table = (await InvokeAsync("ca list --folder CA")).Output.Split('\n');
        var json = JsonNode.Parse((await InvokeAsync("ca list --folder CA --json")).Output)!.AsArray();

        Assert.Matches(@"^SERIAL +STATE +DAYS +PROFILE +NAME +SUBJECT$", table[0]);
        Assert.Matches(@"^[0-9A-F]{32} +good +396 +server +a\.test +CN=a\.test$", table[1]);
        Assert.Matches(@"^[0-9A-F]{32} +revoked \(superseded\) +29 +client +alice +CN=alice$", table[2]);
        Assert.Equal(["good", "revoked"], json.Select(entry => entry!["state"]!.GetValue<string>()));
        Assert.Equal("superseded", json[1]!["reason"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_passphrase_comes_from_a_file_or_the_environment_and_not_from_both()
    {
        var file = _folder.Write("secret", "from file\nsecond line\n");
        await InvokeAsync($"ca init --folder CA --encrypt --passphrase-file {file}");

        Assert.Equal(1, (await InvokeAsync("ca issue --folder CA --dns a.test")).Code);
        Assert.Equal(1, (await InvokeAsync("ca issue --folder CA --dns a.test --passphrase-env WRONG")).Code);
        Assert.Equal(2, (await InvokeAsync("ca issue --folder CA --dns a.test --passphrase-env UNSET")).Code);
        Assert.Equal(2, (await InvokeAsync($"ca issue --folder CA --dns a.test --passphrase-env RIGHT --passphrase-file {file}")).Code);
        Assert.Equal(0, (await InvokeAsync("ca issue --folder CA --dns a.test --passphrase-env RIGHT")).Code);
    }

    [Fact]
    public async Task The_responder_serves_until_it_is_told_to_stop()
    {
        await InvokeAsync("ca init --folder CA");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using LineWriter output = new();
        using StringWriter error = new();
        string[] arguments = ["ca", "ocsp-serve", "--folder", Authority, "--listen", "127.0.0.1:0"];
        var run = GatewayCommands.InvokeAsync(arguments, output, error, Loader.World(_folder.Path), stop.Token);

        var line = await output.WaitForLineAsync("http://").WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        using HttpClient client = new();
        var answer = await client.GetByteArrayAsync(new Uri(line.Split(' ')[^1]), TestContext.Current.CancellationToken);
        await stop.CancelAsync();

        // No request in the path: malformedRequest.
        Assert.Equal([0x30, 0x03, 0x0A, 0x01, 0x01], answer);
        Assert.Equal(0, await run.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        Assert.Equal("", error.ToString());
    }

    private async Task<(int Code, string Output, string Error)> InvokeAsync(string arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        var world = Loader.World(_folder.Path, ("RIGHT", "from file"), ("WRONG", "wrong"));
        string[] words = [.. arguments.Split(' ').Select(word => word == "CA" ? Authority : word)];
        var code = await GatewayCommands.InvokeAsync(words, output, error, world, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
