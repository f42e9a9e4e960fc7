using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Telemetry;

/// <summary>OTLP, taken by a collector in a process of its own, beside a scrape of the same gateway.</summary>
public sealed class OtlpTests : IDisposable
{
    /// <summary>What the collector says first.</summary>
    private const int PortLines = 2;

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("grpc", 0)]
    [InlineData("http", 1)]
    public async Task A_collector_gets_metrics_traces_and_logs_that_agree(string protocol, int portLine)
    {
        await using var collector = RunningProgram.Start("dotnet", Path.Combine(AppContext.BaseDirectory, "OtlpReceiver.dll"));
        await RunningGateway.UntilAsync(() => collector.Output.Text.Count(static c => c == '\n') >= PortLines, collector.Describe);
        var port = int.Parse(collector.Output.Text.Split('\n')[portLine], CultureInfo.InvariantCulture);
        await using var upstream = TestUpstream.Echo();
        var pem = Path.Combine(_certificates.Folder, "server.pem");
        await File.WriteAllTextAsync(pem, _certificates.Localhost.ChainPem + "\n" + _certificates.Localhost.KeyPem);
        await using (
            var gateway = await GatewayProgram.StartAsync(
                _certificates.Folder,
                $$"""
                admin: { bind: 127.0.0.1:0 }
                telemetry:
                  otlp: { endpoint: "http://127.0.0.1:{{port}}", protocol: {{protocol}}, interval: 1s }
                  traces: { oneIn: 1, perSecond: 1000 }
                listeners:
                  - { name: web, bind: 127.0.0.1:0, upstream: echo, tls: { certificates: [ { certificate: {{pem}}, key: {{pem}} } ] } }
                upstreams:
                  echo: { address: "{{upstream.EndPoint}}" }
                """
            )
        )
        {
            for (var i = 0; i < 20; i++)
            {
                using var client = EngineClient.Open(new(System.Net.IPAddress.Loopback, gateway.Port));
                client.AssertEchoes("traced");
                client.CloseCleanly();
            }

            await RunningGateway.UntilAsync(
                () =>
                    Last(collector, "counter", "gateway.closed_connections", ("reason", "completed")) == 20
                    && Of(collector, "span").Count == 40,
                collector.Describe
            );
            await AssertScrapeAgreesAsync(gateway, collector);
            await gateway.SignalAsync("TERM");
            Assert.Equal(0, await gateway.Program.ExitAsync());
        }

        Assert.Equal(20, Last(collector, "counter", "gateway.tls_handshakes", ("outcome", "full"), ("tls.protocol.version", "1.3")));
        Assert.Equal(20, Last(collector, "histogram", "gateway.tls_handshake.duration", ("tls.resumed", "false")));
        Assert.Equal(20, Last(collector, "histogram", "gateway.connection.duration", ("fault", "none")));
        Assert.All(Of(collector, "metric"), static metric => Assert.Equal("tls-gateway", metric.GetProperty("Service").GetString()));

        var spans = Of(collector, "span");
        var traces = spans.Select(static span => span.GetProperty("Trace").GetString()).ToHashSet();
        Assert.Equal(20, traces.Count);
        Assert.All(
            spans.Where(static span => span.GetProperty("Name").GetString() == "TLS server handshake"),
            span => Assert.Contains(spans, parent => parent.GetProperty("Id").GetString() == span.GetProperty("Parent").GetString())
        );
        // Exemplars lead from a histogram to one of the traces.
        var exemplars = Of(collector, "histogram")
            .Where(static point => point.GetProperty("Name").GetString() == "gateway.tls_handshake.duration")
            .SelectMany(static point => point.GetProperty("Exemplars").EnumerateArray().Select(static trace => trace.GetString()))
            .ToList();
        Assert.NotEmpty(exemplars);
        Assert.Subset(traces, exemplars.ToHashSet());
        Assert.Contains(
            Of(collector, "log"),
            static record => record.GetProperty("Body").GetString()!.Contains("SIGTERM", StringComparison.Ordinal)
        );
    }

    /// <summary>With nothing going on, each counter and each histogram's count is the same both ways.</summary>
    private static async Task AssertScrapeAgreesAsync(GatewayProgram gateway, RunningProgram collector)
    {
        using var reader = new HttpClient { BaseAddress = gateway.Admin };
        var found = "";
        await RunningGateway.UntilAsync(
            async () =>
            {
                var text = await reader.GetStringAsync(new Uri("/metrics", UriKind.Relative));
                var scraped = ScrapedSeries(text);
                var sent = SentSeries(collector);
                var differ = sent.Where(one => scraped.GetValueOrDefault(one.Key, double.NaN) != one.Value)
                    .Select(one => $"{one.Key}: sent {one.Value}, scraped {scraped.GetValueOrDefault(one.Key, double.NaN)}")
                    .Concat(scraped.Keys.Except(sent.Keys).Select(static key => $"{key}: scraped, not sent"))
                    .ToList();
                found = string.Join('\n', differ);
                return sent.Count > 30 && differ.Count == 0;
            },
            () => found
        );
    }

    /// <summary>Turns, and what is measured of turns, go on.</summary>
    private static bool IsStill(string name) => !name.StartsWith("gateway_event_loop", StringComparison.Ordinal);

    private static readonly Regex s_series = new(
        @"^(?<name>\w+?)(_total|_count)(\{(?<labels>[^}]*)\})? (?<value>\S+)",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    );

    private static readonly Regex s_label = new(
        "(?<key>\\w+)=\"(?<value>[^\"]*)\"",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    );

    private static Dictionary<string, double> ScrapedSeries(string text) =>
        text.Split('\n')
            .Where(static line => line.StartsWith("gateway_", StringComparison.Ordinal))
            .Select(static line => s_series.Match(line))
            .Where(static match => match.Success && IsStill(match.Groups["name"].Value))
            .ToDictionary(
                static match =>
                    Series(
                        match.Groups["name"].Value,
                        s_label
                            .Matches(match.Groups["labels"].Value)
                            .Select(static label => (label.Groups["key"].Value, label.Groups["value"].Value))
                            .Where(static label => label.Item1 != "otel_scope_name")
                    ),
                static match => double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture),
                StringComparer.Ordinal
            );

    private static Dictionary<string, double> SentSeries(RunningProgram collector)
    {
        var series = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var point in Of(collector, "counter").Concat(Of(collector, "histogram")))
        {
            var unit = point.GetProperty("Unit").GetString() switch
            {
                "s" => "_seconds",
                "By" => "_bytes",
                _ => "",
            };
            var name = point.GetProperty("Name").GetString()!.Replace('.', '_') + unit;
            if (!name.StartsWith("gateway_", StringComparison.Ordinal) || !IsStill(name))
                continue;
            var labels = point
                .GetProperty("Attributes")
                .EnumerateObject()
                .Select(static label => (label.Name.Replace('.', '_'), label.Value.GetString()!));
            // The newest comes last.
            series[Series(name, labels)] = point.GetProperty("Value").GetDouble();
        }

        return series;
    }

    private static string Series(string name, IEnumerable<(string Key, string Value)> labels) =>
        $"{name} {string.Join(", ", labels.Select(static label => $"{label.Key}={label.Value}").Order(StringComparer.Ordinal))}";

    private static List<JsonElement> Of(RunningProgram collector, string kind) =>
        [
            .. collector
                .Output.Text.Split('\n')
                .SkipLast(1)
                .Skip(PortLines)
                .Select(static line => JsonSerializer.Deserialize<JsonElement>(line))
                .Where(line => line.GetProperty("Kind").GetString() == kind),
        ];

    /// <summary>The newest value of the series; null: none came.</summary>
    private static double? Last(RunningProgram collector, string kind, string name, params (string Key, string Value)[] attributes) =>
        Of(collector, kind)
            .Where(point =>
                point.GetProperty("Name").GetString() == name
                && attributes.All(a => point.GetProperty("Attributes").TryGetProperty(a.Key, out var value) && value.GetString() == a.Value)
            )
            .Select(static point => (double?)point.GetProperty("Value").GetDouble())
            .LastOrDefault();
}
