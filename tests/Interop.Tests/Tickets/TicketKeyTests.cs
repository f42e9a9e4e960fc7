using System.Globalization;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Tickets;

/// <summary>Sessions that openssl s_client saved, offered again to a gateway that was restarted or whose keys were rotated.</summary>
public sealed class TicketKeyTests : IDisposable
{
    private readonly string _openssl = Programs.Require("openssl");
    private readonly TestCertificates _certificates = new();
    private string _engine = "openssl";

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("openssl", "-tls1_2")]
    [InlineData("openssl", "-tls1_3")]
    [InlineData("bouncycastle", "-tls1_2")]
    [InlineData("bouncycastle", "-tls1_3")]
    public async Task With_keys_from_a_file_a_session_outlives_a_restart_and_one_rotation_but_not_two(string engine, string version)
    {
        _engine = engine;
        WriteKeys('a', 'b');
        var saved = Path.Combine(_certificates.Folder, "session.pem");
        await using (var first = await GatewayProgram.StartAsync(_certificates.Folder, Configuration()))
            Assert.False(await ResumesAsync(first.Port, version, "-sess_out", saved));
        await using (var second = await GatewayProgram.StartAsync(_certificates.Folder, Configuration()))
            Assert.True(await ResumesAsync(second.Port, version, "-sess_in", saved));
        WriteKeys('c', 'a');
        await using (var third = await GatewayProgram.StartAsync(_certificates.Folder, Configuration()))
            Assert.True(await ResumesAsync(third.Port, version, "-sess_in", saved));
        WriteKeys('d', 'c');
        await using (var fourth = await GatewayProgram.StartAsync(_certificates.Folder, Configuration()))
            Assert.False(await ResumesAsync(fourth.Port, version, "-sess_in", saved));
    }

    [Fact]
    public async Task Keys_that_change_in_the_file_are_taken_by_a_running_gateway()
    {
        WriteKeys('a');
        var saved = Path.Combine(_certificates.Folder, "session.pem");
        await using var gateway = await GatewayProgram.StartAsync(_certificates.Folder, Configuration());
        Assert.False(await ResumesAsync(gateway.Port, "-tls1_3", "-sess_out", saved));
        Assert.True(await ResumesAsync(gateway.Port, "-tls1_3", "-sess_in", saved));
        WriteKeys('b');
        await gateway.SignalAsync("HUP");
        await gateway.Program.ExpectAsync("Serving generation 2");
        Assert.False(await ResumesAsync(gateway.Port, "-tls1_3", "-sess_in", saved));
    }

    [Theory]
    [InlineData("openssl", "-tls1_2")]
    [InlineData("openssl", "-tls1_3")]
    [InlineData("bouncycastle", "-tls1_2")]
    [InlineData("bouncycastle", "-tls1_3")]
    public async Task A_session_of_one_listener_is_not_resumed_by_another(string engine, string version)
    {
        _engine = engine;
        WriteKeys('a');
        var saved = Path.Combine(_certificates.Folder, "session.pem");
        await using var gateway = await GatewayProgram.StartAsync(_certificates.Folder, Configuration());
        Assert.False(await ResumesAsync(gateway.Ports[0], version, "-sess_out", saved));
        Assert.True(await ResumesAsync(gateway.Ports[0], version, "-sess_in", saved));
        Assert.False(await ResumesAsync(gateway.Ports[1], version, "-sess_in", saved));
    }

    [Theory]
    [InlineData("openssl")]
    [InlineData("bouncycastle")]
    public async Task A_tls_1_2_client_without_tickets_resumes_by_session_id(string engine)
    {
        _engine = engine;
        WriteKeys('a');
        var saved = Path.Combine(_certificates.Folder, "session.pem");
        await using var gateway = await GatewayProgram.StartAsync(_certificates.Folder, Configuration());
        Assert.False(await ResumesAsync(gateway.Port, "-tls1_2", "-no_ticket", "-sess_out", saved));
        Assert.True(await ResumesAsync(gateway.Port, "-tls1_2", "-no_ticket", "-sess_in", saved));
    }

    [Theory]
    [InlineData("openssl")]
    [InlineData("bouncycastle")]
    public async Task No_ticket_of_ours_lets_a_client_send_early_data(string engine)
    {
        _engine = engine;
        WriteKeys('a');
        var saved = Path.Combine(_certificates.Folder, "session.pem");
        await using var gateway = await GatewayProgram.StartAsync(_certificates.Folder, Configuration());
        Assert.False(await ResumesAsync(gateway.Port, "-tls1_3", "-sess_out", saved));
        var output = await RunAsync(gateway.Port, "-tls1_3", "-sess_in", saved, "-early_data", EarlyData(100));
        Assert.Contains("Reused, TLSv1.3", output, StringComparison.Ordinal);
        // s_client knows from the ticket that none may be sent.
        Assert.Contains("Early data was not sent", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("openssl", "X25519", 100)]
    [InlineData("openssl", "X25519", 16000)]
    [InlineData("openssl", "P-521:P-256", 100)]
    [InlineData("bouncycastle", "X25519", 100)]
    [InlineData("bouncycastle", "X25519", 16000)]
    [InlineData("bouncycastle", "P-521:P-256", 100)]
    public async Task Early_data_that_is_sent_all_the_same_is_passed_over(string engine, string groups, int bytes)
    {
        _engine = engine;
        WriteKeys('a');
        var saved = Path.Combine(_certificates.Folder, "session.pem");
        // After a hello retry (no P-521 here) the second hello comes after the early data.
        await SaveSessionOfAnotherServerAsync(saved, maxEarlyData: 16384);
        await using var gateway = await GatewayProgram.StartAsync(_certificates.Folder, Configuration());
        var output = await RunAsync(gateway.Port, "-tls1_3", "-sess_in", saved, "-groups", groups, "-early_data", EarlyData(bytes));
        Assert.Contains("New, TLSv1.3", output, StringComparison.Ordinal);
        Assert.Contains("Early data was rejected", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("openssl")]
    [InlineData("bouncycastle")]
    public async Task Early_data_without_end_ends_the_connection_with_its_reason(string engine)
    {
        _engine = engine;
        WriteKeys('a');
        var saved = Path.Combine(_certificates.Folder, "session.pem");
        await SaveSessionOfAnotherServerAsync(saved, maxEarlyData: 100_000);
        await using var gateway = await GatewayProgram.StartAsync(_certificates.Folder, Configuration());
        await using var client = RunningProgram.Start(
            _openssl,
            [
                "s_client",
                "-connect",
                $"127.0.0.1:{gateway.Port}",
                "-servername",
                "localhost",
                "-tls1_3",
                "-sess_in",
                saved,
                "-early_data",
                EarlyData(50_000),
            ]
        );
        await gateway.Program.ExpectAsync("early data");
        Assert.Contains("protocol_violation", gateway.Program.Output.Text, StringComparison.Ordinal);
        await client.ExitAsync();
    }

    [Theory]
    [InlineData("openssl", "-tls1_2")]
    [InlineData("openssl", "-tls1_3")]
    [InlineData("bouncycastle", "-tls1_2")]
    [InlineData("bouncycastle", "-tls1_3")]
    public async Task The_key_log_is_what_the_client_has(string engine, string version)
    {
        _engine = engine;
        WriteKeys('a');
        var servers = Path.Combine(_certificates.Folder, "server.log");
        var clients = Path.Combine(_certificates.Folder, "client.log");
        await using var gateway = await GatewayProgram.StartAsync(_certificates.Folder, $"keyLogFile: {servers}\n" + Configuration());
        Assert.Contains("KEY LOG ON", gateway.Program.Output.Text, StringComparison.Ordinal);
        await RunAsync(gateway.Port, version, "-keylogfile", clients);
        // s_client writes a line of comment first, and a log of TLS 1.3 has the client's secrets in another order.
        var theirs = (await File.ReadAllLinesAsync(clients)).Where(static l => !l.StartsWith('#')).Order();
        Assert.Equal(theirs, (await File.ReadAllLinesAsync(servers)).Order());
    }

    [Fact]
    public async Task A_key_log_ends_with_the_reload_that_takes_it_out()
    {
        WriteKeys('a');
        var log = Path.Combine(_certificates.Folder, "server.log");
        await using var gateway = await GatewayProgram.StartAsync(_certificates.Folder, $"keyLogFile: {log}\n" + Configuration());
        await RunAsync(gateway.Port, "-tls1_3");
        var lines = (await File.ReadAllLinesAsync(log)).Length;
        Assert.True(lines > 0);

        await File.WriteAllTextAsync(Path.Combine(_certificates.Folder, "gateway.yaml"), Configuration());
        await gateway.SignalAsync("HUP");
        await gateway.Program.ExpectAsync("Serving generation 2");
        await RunAsync(gateway.Port, "-tls1_3");
        Assert.Equal(lines, (await File.ReadAllLinesAsync(log)).Length);
    }

    private async Task<bool> ResumesAsync(int port, params string[] options)
    {
        var output = await RunAsync(port, options);
        Assert.Contains("200 OK", output, StringComparison.Ordinal);
        return output.Contains("Reused, TLSv1", StringComparison.Ordinal);
    }

    /// <summary>One request, so that a ticket has arrived when the client ends.</summary>
    private async Task<string> RunAsync(int port, params string[] options)
    {
        await using var client = RunningProgram.Start(
            _openssl,
            ["s_client", "-connect", $"127.0.0.1:{port}", "-servername", "localhost", "-CAfile", _certificates.AuthorityFile, .. options]
        );
        await client.ExpectAsync("Verify return code: 0 (ok)");
        await client.SayAsync("GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r");
        await client.ExpectAsync("200 OK");
        await client.ExitAsync();
        return client.Output.Text;
    }

    /// <summary>Its ticket lets the client send early data.</summary>
    private async Task SaveSessionOfAnotherServerAsync(string file, int maxEarlyData)
    {
        await using var other = RunningProgram.Start(
            _openssl,
            ["s_server", "-accept", "127.0.0.1:0", "-tls1_3", "-max_early_data", $"{maxEarlyData}", "-www", .. ServerCertificate()]
        );
        await other.ExpectAsync("ACCEPT 127.0.0.1:");
        await other.ExpectAsync("\n");
        var port = other.Output.Text.Split("ACCEPT 127.0.0.1:")[1].Split('\n')[0].Trim();
        await using var first = RunningProgram.Start(
            _openssl,
            ["s_client", "-connect", $"127.0.0.1:{port}", "-servername", "localhost", "-tls1_3", "-sess_out", file]
        );
        await first.SayAsync("GET / HTTP/1.0\r\n\r");
        await first.ExpectAsync($"Max Early Data: {maxEarlyData}");
        await first.ExitAsync();
    }

    private string EarlyData(int bytes)
    {
        var early = Path.Combine(_certificates.Folder, "early");
        File.WriteAllText(early, "GET /early HTTP/1.0\r\nX: ".PadRight(bytes - 4, 'x') + "\r\n\r\n");
        return early;
    }

    private string[] ServerCertificate()
    {
        _ = Certificate();
        return ["-cert", Path.Combine(_certificates.Folder, "chain.pem"), "-key", Path.Combine(_certificates.Folder, "key.pem")];
    }

    private string Configuration() =>
        $$"""
            admin: { bind: 127.0.0.1:0 }
            eventLoops: 1
            ticketKeys: { file: {{KeyFile}} }
            listeners:
              - { name: one, bind: 127.0.0.1:0, upstream: demo, tls: { engine: {{_engine}}, certificates: [ {{Certificate()}} ] } }
              - { name: two, bind: 127.0.0.1:0, upstream: demo, tls: { engine: {{_engine}}, certificates: [ {{Certificate()}} ] } }
            upstreams:
              demo: { address: embedded-demo }

            """;

    private string KeyFile => Path.Combine(_certificates.Folder, "ticket.keys");

    private string Certificate()
    {
        var chain = Path.Combine(_certificates.Folder, "chain.pem");
        var key = Path.Combine(_certificates.Folder, "key.pem");
        File.WriteAllText(chain, _certificates.Localhost.ChainPem);
        File.WriteAllText(key, _certificates.Localhost.KeyPem);
        return $"{{ certificate: {chain}, key: {key} }}";
    }

    /// <summary>Each letter stands for a key.</summary>
    private void WriteKeys(params IEnumerable<char> letters) =>
        File.WriteAllLines(KeyFile, letters.Select(static letter => Convert.ToBase64String(Enumerable.Repeat((byte)letter, 80).ToArray())));
}
