using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Tools;

/// <summary><c>gateway client</c> as a program, against openssl s_server.</summary>
public sealed class ClientCommandTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("1.2", false)]
    [InlineData("1.2", true)]
    [InlineData("1.3", false)]
    [InlineData("1.3", true)]
    public async Task Both_clients_carry_the_same_bytes_while_the_server_renews_the_keys(string version, bool blocking)
    {
        await using var server = await ServeAsync();
        await using var client = Client(server.Port, ["--tls", version, .. blocking ? (string[])["--blocking"] : []]);
        await client.ExpectErrorAsync("verification ok");

        await client.SayAsync("before");
        await server.Program.ExpectAsync("before");
        // s_server: r renegotiates on TLS 1.2, K updates the keys on both sides on TLS 1.3.
        await server.Program.SayAsync(version == "1.2" ? "r" : "K");
        // Typed before it has read the command, the next line would be taken for a part of it; it looks at its terminal before it looks at its connection.
        await client.SayAsync("between");
        await server.Program.ExpectAsync("between");
        await server.Program.SayAsync("from the server");
        await client.ExpectAsync("from the server");
        await client.SayAsync("after");
        await server.Program.ExpectAsync("after");
        await client.SayAsync("last");
        client.EndInput();
        await server.Program.ExpectAsync("last");

        Assert.True(await client.ExitAsync() == 0, client.Describe());
        Assert.Equal("from the server\n", client.Output.Text);
        Assert.Equal(!blocking, client.Errors.Text.Contains("stalls", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_engine_that_takes_no_tickets_of_tls_1_3_says_so()
    {
        await using var client = Client(1, ["--resume", "1", "--engine", "bouncycastle"]);
        Assert.NotEqual(0, await client.ExitAsync());
        Assert.Contains("--tls 1.2", client.Errors.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("openssl", "1.2")]
    [InlineData("openssl", "1.3")]
    [InlineData("bouncycastle", "1.2")]
    public async Task A_session_is_resumed(string engine, string version)
    {
        await using var server = await ServeAsync();
        await using var client = Client(server.Port, ["--resume", "1", "--engine", engine, "--tls", version]);
        client.EndInput();

        Assert.True(await client.ExitAsync() == 0, client.Describe());
        Assert.Equal(
            ["no", "yes"],
            Regex
                .Matches(client.Errors.Text, @"resumed +(?<word>\w+)", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5))
                .Select(match => match.Groups["word"].Value)
        );
    }

    [Fact]
    public async Task Another_authority_is_refused_and_nothing_is_passed_on()
    {
        await using var server = await ServeAsync();
        using TestCertificates others = new();
        await using var client = Client(server.Port, [], others.AuthorityFile);

        Assert.Equal(1, await client.ExitAsync());
        Assert.Contains("TLS failed", client.Errors.Text, StringComparison.Ordinal);
        Assert.Equal("", client.Output.Text);
    }

    [Fact]
    public async Task Commands_renew_keys_show_the_state_reconnect_and_quit()
    {
        await using var server = await ServeAsync();
        await using var client = Client(server.Port, ["--commands", "--tls", "1.3"]);
        await client.ExpectErrorAsync("verification ok");

        await client.SayAsync("K");
        await client.ExpectErrorAsync("new keys on both sides asked for");
        await client.SayAsync("R");
        await client.ExpectErrorAsync("refused");
        await client.SayAsync("S");
        await client.ExpectErrorAsync("write_blocked_on_read");
        await client.SayAsync("T");
        await client.ExpectErrorAsync("resumed      yes");
        await client.SayAsync("Q");

        Assert.True(await client.ExitAsync() == 0, client.Describe());
    }

    [Fact]
    public async Task Smtp_starts_tls_and_a_server_without_it_is_named()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        await using var client = Client(((IPEndPoint)listener.LocalEndpoint).Port, ["--starttls", "smtp"]);
        using var accepted = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await using var stream = accepted.GetStream();
        using StreamReader reader = new(stream);
        await stream.WriteAsync("220 mail\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal("EHLO localhost", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        await stream.WriteAsync("250-mail\r\n250 HELP\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal("STARTTLS", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        await stream.WriteAsync("502 no\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Equal(1, await client.ExitAsync());
        Assert.Contains("refuses STARTTLS for smtp: SMTP answered: 502 no", client.Errors.Text, StringComparison.Ordinal);
    }

    private RunningProgram Client(int port, string[] options, string? authority = null) =>
        RunningProgram.Start(
            Programs.Require("dotnet"),
            [
                Path.Combine(AppContext.BaseDirectory, "gateway.dll"),
                "client",
                $"localhost:{port}",
                "--ca",
                authority ?? _certificates.AuthorityFile,
                .. options,
            ]
        );

    private async Task<Server> ServeAsync()
    {
        var chain = Path.Combine(_certificates.Folder, "server.pem");
        var key = Path.Combine(_certificates.Folder, "server.key");
        await File.WriteAllTextAsync(chain, _certificates.Localhost.ChainPem, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(key, _certificates.Localhost.KeyPem, TestContext.Current.CancellationToken);
        // Port 0: s_server says which one it got.
        var program = RunningProgram.Start(
            Programs.Require("openssl"),
            ["s_server", "-accept", "127.0.0.1:0", "-cert", chain, "-key", key]
        );
        await program.ExpectAsync("ACCEPT ");
        await program.ExpectAsync("\n");
        var port = Regex
            .Match(program.Output.Text, @"ACCEPT \S*:(?<port>\d+)", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5))
            .Groups["port"]
            .Value;
        return new Server(program, int.Parse(port));
    }

    private sealed record Server(RunningProgram Program, int Port) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Program.DisposeAsync();
    }
}
