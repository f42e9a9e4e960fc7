using System.Globalization;
using System.Text.Json;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Telemetry;

/// <summary>OTLP by gRPC, taken by a collector in a process of its own.</summary>
public sealed class OtlpTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_collector_gets_metrics_traces_and_logs_that_agree()
    {
        await using var collector = RunningProgram.Start("dotnet", Path.Combine(AppContext.BaseDirectory, "OtlpReceiver.dll"));
        await RunningGateway.UntilAsync(() => collector.Output.Text.Contains('\n', StringComparison.Ordinal), collector.Describe);
        var port = int.Parse(collector.Output.Text.Split('\n')[0], CultureInfo.InvariantCulture);
        await using var upstream = TestUpstream.Echo();
        var pem = Path.Combine(_certificates.Folder, "server.pem");
        await File.WriteAllTextAsync(pem, _certificates.Localhost.ChainPem + "\n" + _certificates.Localhost.KeyPem);
        await using (
            var gateway = await GatewayProgram.StartAsync(
                _certificates.Folder,
                $$"""
                admin: { bind: 127.0.0.1:0 }
                telemetry:
                  otlp: { endpoint: "http://127.0.0.1:{{port}}", interval: 1s }
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
                    Last(collector, "metric", "gateway.closed_connections", ("reason", "completed")) == 20
                    && Of(collector, "span").Count == 40,
                collector.Describe
            );
            await gateway.SignalAsync("TERM");
            Assert.Equal(0, await gateway.Program.ExitAsync());
        }

        Assert.Equal(20, Last(collector, "metric", "gateway.tls_handshakes", ("outcome", "full"), ("tls.protocol.version", "1.3")));
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

    private static List<JsonElement> Of(RunningProgram collector, string kind) =>
        [
            .. collector
                .Output.Text.Split('\n')
                .SkipLast(1)
                .Skip(1)
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
