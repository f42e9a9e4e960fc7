using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using TlsGateway.Interop.Tests.Support;
using YamlDotNet.RepresentationModel;

namespace TlsGateway.Interop.Tests.Telemetry;

/// <summary>The rules and dashboards, held against Debian's Prometheus.</summary>
public sealed partial class PrometheusTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    private string Folder => _certificates.Folder;

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task The_rules_are_sound_and_each_alert_fires_and_clears()
    {
        var promtool = Programs.Require("promtool");
        var rules = Path.Combine(Folder, "gateway.rules.yaml");
        await File.WriteAllTextAsync(rules, MonitoringFiles.RuleFile());
        await RunningProgram.RunAsync(promtool, "check", "rules", rules);
        var tests = Path.Combine(Folder, "gateway.rules.test.yaml");
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Telemetry", "gateway.rules.test.yaml"), tests);
        await RunningProgram.RunAsync(promtool, "test", "rules", tests);
        var tested = AlertUnderTest()
            .Matches(await File.ReadAllTextAsync(tests))
            .Select(static match => match.Groups["name"].Value)
            .ToHashSet();
        Assert.Equal(Alerts().Select(static alert => Text(alert, "alert")).Order(), tested.Order());
    }

    [Fact]
    public void Each_alert_has_what_an_on_call_person_needs()
    {
        var runbook = MonitoringFiles.Document("RUNBOOK.md");
        foreach (var alert in Alerts())
        {
            var name = Text(alert, "alert");
            Assert.StartsWith("Gateway", name, StringComparison.Ordinal);
            Assert.Contains(Text((YamlMappingNode)alert["labels"], "severity"), (string[])["critical", "warning", "info"]);
            var annotations = (YamlMappingNode)alert["annotations"];
            Assert.EndsWith(".", Text(annotations, "summary"), StringComparison.Ordinal);
            Assert.DoesNotContain("{{", Text(annotations, "summary"), StringComparison.Ordinal);
            Assert.Contains("{{ $", Text(annotations, "description"), StringComparison.Ordinal);
            var anchor = Text(annotations, "runbook_url").Split('#')[1];
            Assert.Contains(
                runbook.Split('\n'),
                line => line.StartsWith("### ", StringComparison.Ordinal) && line[4..].Equals(anchor, StringComparison.OrdinalIgnoreCase)
            );
        }
    }

    /// <summary>
    /// Prometheus scrapes a gateway that has had traffic of every kind; each panel, recording rule and alert is then asked. Panels and recording rules have data; alerts, which must not fire here, have a valid expression
    /// over metrics that there are.
    /// </summary>
    [Fact]
    public async Task Every_query_of_dashboards_and_rules_has_an_answer()
    {
        var prometheus = Programs.Require("prometheus");
        var promtool = Programs.Require("promtool");
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartGatewayAsync(upstream);
        var port = FreePort();
        await File.WriteAllTextAsync(Path.Combine(Folder, "gateway.rules.yaml"), MonitoringFiles.RuleFile());
        await File.WriteAllTextAsync(
            Path.Combine(Folder, "prometheus.yaml"),
            $$"""
            global: { scrape_interval: 1s, evaluation_interval: 1s }
            rule_files: [gateway.rules.yaml]
            scrape_configs:
              - job_name: tls-gateway
                static_configs: [ { targets: [ "{{gateway.Admin.Authority}}" ] } ]
            """
        );
        await using var program = RunningProgram.Start(
            prometheus,
            $"--config.file={Path.Combine(Folder, "prometheus.yaml")}",
            $"--storage.tsdb.path={Path.Combine(Folder, "tsdb")}",
            $"--web.listen-address=127.0.0.1:{port}"
        );
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        using var admin = new HttpClient { BaseAddress = gateway.Admin };
        var metrics = await admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        await using (var check = RunningProgram.Start(promtool, "check", "metrics"))
        {
            foreach (var line in metrics.Split('\n'))
                await check.SayAsync(line);
            check.EndInput();
            _ = await check.ExitAsync();
            // It does not like .NET's own names, and counters by their unit's long form.
            Assert.DoesNotContain(check.Errors.Text.Split('\n'), static line => line.StartsWith("gateway_", StringComparison.Ordinal));
        }

        // A rate needs two scrapes with a difference.
        List<(string Panel, string Query)> due =
        [
            .. MonitoringFiles.Queries(),
            .. MonitoringFiles
                .Rules()
                .Where(static rule => rule.Children.ContainsKey("record"))
                .Select(static rule => (Text(rule, "record"), Text(rule, "record"))),
        ];
        Assert.InRange(due.Count, 40, 200);
        var deadline = RunningGateway.Patience;
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (due.Count > 0)
        {
            await TrafficAsync(gateway);
            var left = new List<(string Panel, string Query)>();
            foreach (var query in due)
            {
                if (await CountAsync(http, query.Query) == 0)
                    left.Add(query);
            }

            due = left;
            Assert.True(waited.Elapsed < deadline, $"without data: {string.Join("\n", due)}");
        }

        var names = await NamesAsync(http);
        foreach (var alert in Alerts())
        {
            var expression = Text(alert, "expr");
            _ = await CountAsync(http, expression);
            // Nothing is stapled here: MetricsTests has that one.
            Assert.Subset(new HashSet<string>([.. names, "gateway_ocsp_stapled"]), MonitoringFiles.Metrics(expression).ToHashSet());
        }

        Assert.Equal(0, await CountAsync(http, "ALERTS{alertstate=\"firing\", severity=\"critical\"}"));
    }

    private async Task<GatewayProgram> StartGatewayAsync(TestUpstream upstream)
    {
        var members = FreePort();
        var pem = Path.Combine(Folder, "server.pem");
        await File.WriteAllTextAsync(pem, _certificates.Localhost.ChainPem + "\n" + _certificates.Localhost.KeyPem);
        return await GatewayProgram.StartAsync(
            Folder,
            $$"""
            admin: { bind: 127.0.0.1:0 }
            eventLoops: 2
            accessLog: { output: stderr }
            cluster: { bind: "127.0.0.1:{{members}}", seeds: [ "127.0.0.1:{{members}}" ] }
            listeners:
              - { name: web, bind: 127.0.0.1:0, upstream: echo, tls: { certificates: [ { certificate: {{pem}}, key: {{pem}} } ] } }
            upstreams:
              echo: { endpoints: [ { address: "{{upstream.EndPoint}}" }, { address: "127.0.0.1:1" } ], balance: roundRobin }
            """
        );
    }

    /// <summary>Full, resumed and failed handshakes, and a stall by the client.</summary>
    private async Task TrafficAsync(GatewayProgram gateway)
    {
        var at = new IPEndPoint(IPAddress.Loopback, gateway.Port);
        await using (var client = await SslStreamClient.ConnectAsync(at, SslStreamClient.Options(_certificates)))
        {
            await client.EchoAsync("for a ticket");
            await client.CloseAsync();
        }

        using var stalled = EngineClient.Open(at);
        stalled.AssertEchoes("half a record follows");
        Assert.Equal(Tls.TlsStatus.Done, stalled.Session.Write(new byte[100], out _));
        stalled.FlushFirst(50);
        using (var malformed = EngineClient.ConnectSocket(at))
            malformed.Send((ReadOnlySpan<byte>)[22, 3, 1, 0, 5, 1, 0, 0, 1, 0]);
        for (var i = 0; i < 5; i++)
        {
            using var client = EngineClient.Open(at);
            client.AssertEchoes("five more");
        }

        stalled.Flush();
    }

    private static IEnumerable<YamlMappingNode> Alerts() =>
        MonitoringFiles.Rules().Where(static rule => rule.Children.ContainsKey("alert"));

    private static string Text(YamlMappingNode node, string key) => ((YamlScalarNode)node[key]).Value!;

    /// <summary>Series with a number that the query has now.</summary>
    private static async Task<int> CountAsync(HttpClient http, string query)
    {
        using var form = new FormUrlEncodedContent([new("query", query)]);
        using var answer = await http.PostAsync(new Uri("/api/v1/query", UriKind.Relative), form, TestContext.Current.CancellationToken);
        var json = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.True(json.GetProperty("status").GetString() == "success", $"{query}: {json}");
        Assert.Equal("vector", json.GetProperty("data").GetProperty("resultType").GetString());
        return json.GetProperty("data")
            .GetProperty("result")
            .EnumerateArray()
            .Count(static series =>
                double.IsFinite(
                    double.Parse(
                        series.GetProperty("value")[1].GetString()!.Replace("+Inf", "Infinity", StringComparison.Ordinal),
                        CultureInfo.InvariantCulture
                    )
                )
            );
    }

    private static async Task<HashSet<string>> NamesAsync(HttpClient http)
    {
        var text = await http.GetStringAsync(
            new Uri("/api/v1/label/__name__/values", UriKind.Relative),
            TestContext.Current.CancellationToken
        );
        return
        [
            .. JsonSerializer.Deserialize<JsonElement>(text).GetProperty("data").EnumerateArray().Select(static name => name.GetString()!),
        ];
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    [GeneratedRegex(@"^  - name: (?<name>\w+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AlertUnderTest();
}
