using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using TlsGateway.Gateway.AccessLogs;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Telemetry;

/// <summary>The access log of a gateway in a process of its own.</summary>
public sealed partial class AccessLogTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    private string Log => Path.Combine(_certificates.Folder, "access.log");

    /// <summary>Every connection is a line, and what lines and metrics add up to is the same.</summary>
    [Fact]
    public async Task Lines_agree_with_the_metrics()
    {
        const int Connections = 500;
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream, $"{{ output: '{Log}', format: json }}");
        for (var i = 0; i < Connections; i++)
        {
            using var client = EngineClient.Open(new(System.Net.IPAddress.Loopback, gateway.Port));
            client.AssertEchoes("a line each");
            if (i % 2 == 0)
                client.CloseCleanly();
        }

        using var http = new HttpClient { BaseAddress = gateway.Admin };
        var metrics = "";
        await RunningGateway.UntilAsync(() => Lines().Count == Connections, () => $"{Lines().Count} lines");
        metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);

        var lines = Lines();
        Assert.Equal(Connections, lines.Select(static line => line.GetProperty("connection").GetString()).Distinct().Count());
        foreach (var reason in (string[])["completed", "client_truncated"])
            Assert.Equal(
                Sum(metrics, "gateway_closed_connections_total", reason),
                lines.Count(line => line.GetProperty("reason").GetString() == reason)
            );
        Assert.Equal(
            Sum(metrics, "gateway_connection_io_bytes_total", "downstream", "receive"),
            lines.Sum(static line => line.GetProperty("bytes_received").GetInt64())
        );
        Assert.Equal(
            Sum(metrics, "gateway_connection_io_bytes_total", "downstream", "transmit"),
            lines.Sum(static line => line.GetProperty("bytes_sent").GetInt64())
        );
        foreach (var cause in (string[])["client", "upstream", "self"])
        {
            var total = Sum(metrics, "gateway_stall_time_seconds_total", $"cause=\"{cause}\"");
            // Lines have microseconds.
            Assert.Equal(total, lines.Sum(line => line.GetProperty($"stalled_{cause}_seconds").GetDouble()), Connections * 1e-6);
        }

        Assert.Equal(Connections, Sum(metrics, "gateway_access_log_lines_total", "written"));
        Assert.Equal(0, Sum(metrics, "gateway_events_dropped_total"));
    }

    /// <summary>A connection that ends as the gateway does is logged too, on stdout among the other lines.</summary>
    [Fact]
    public async Task The_last_line_is_written_before_the_end()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream, "{ output: stdout, template: 'ended {server_name} {reason} {tls_version}' }");
        using var client = EngineClient.Open(new(System.Net.IPAddress.Loopback, gateway.Port));
        client.AssertEchoes("open");
        await gateway.SignalAsync("TERM");
        await gateway.Program.ExpectAsync("draining");
        client.CloseCleanly();
        Assert.Equal(0, await gateway.Program.ExitAsync());
        Assert.Contains("ended localhost completed 1.3\n", gateway.Program.Output.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_documented_fields_are_those_that_there_are()
    {
        var table = new StringBuilder("| field | |\n|---|---|\n");
        foreach (var field in AccessLogFields.All)
            table.Append(CultureInfo.InvariantCulture, $"| `{field.Name}` | {field.Description} |\n");
        GeneratedDocument.Check("ACCESS_LOG.md", "fields", table.ToString());
    }

    private async Task<GatewayProgram> StartAsync(TestUpstream upstream, string accessLog)
    {
        var pem = Path.Combine(_certificates.Folder, "server.pem");
        await File.WriteAllTextAsync(pem, _certificates.Localhost.ChainPem + "\n" + _certificates.Localhost.KeyPem);
        return await GatewayProgram.StartAsync(
            _certificates.Folder,
            $$"""
            admin: { bind: 127.0.0.1:0 }
            eventLoops: 2
            accessLog: {{accessLog}}
            listeners:
              - { name: web, bind: 127.0.0.1:0, upstream: echo, tls: { certificates: [ { certificate: {{pem}}, key: {{pem}} } ] } }
            upstreams:
              echo: { address: "{{upstream.EndPoint}}" }
            """
        );
    }

    /// <summary>Those that are whole: one may be half written.</summary>
    private List<JsonElement> Lines() =>
        File.Exists(Log)
            ? [.. File.ReadAllText(Log).Split('\n')[..^1].Select(static line => JsonSerializer.Deserialize<JsonElement>(line))]
            : [];

    private static double Sum(string metrics, string name, params string[] labels) =>
        metrics
            .Split('\n')
            .Where(line =>
                line.StartsWith(name + "{", StringComparison.Ordinal) && labels.All(label => line.Contains(label, StringComparison.Ordinal))
            )
            .Sum(static line => double.Parse(Value().Match(line).Value, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"(?<=\} )\S+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Value();
}
