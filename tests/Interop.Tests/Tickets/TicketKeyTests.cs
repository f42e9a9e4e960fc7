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

    [Fact]
    public async Task Early_data_is_refused_and_the_client_served_all_the_same()
    {
        WriteKeys('a');
        var saved = Path.Combine(_certificates.Folder, "session.pem");
        var early = Path.Combine(_certificates.Folder, "early");
        await File.WriteAllTextAsync(early, "GET /early HTTP/1.0\r\n\r\n");
        await using var gateway = await GatewayProgram.StartAsync(_certificates.Folder, Configuration());
        Assert.False(await ResumesAsync(gateway.Port, "-tls1_3", "-sess_out", saved));
        var output = await RunAsync(gateway.Port, "-tls1_3", "-sess_in", saved, "-early_data", early);
        Assert.Contains("Reused, TLSv1.3", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Early data was accepted", output, StringComparison.Ordinal);
        // s_client knows from the ticket that none may be sent.
        Assert.Contains("Early data was not sent", output, StringComparison.Ordinal);
        Assert.Contains("200 OK", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task The_key_log_is_what_the_client_has(string version)
    {
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
