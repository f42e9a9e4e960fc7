using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using TlsGateway.Actors.Metrics;
using TlsGateway.Gateway.Admin;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Telemetry;

namespace TlsGateway.Gateway.Tests.Admin;

public sealed class AdminServerTests
{
    [Fact]
    public async Task Ready_follows_the_gateways_phase_and_healthz_does_not()
    {
        GatewayReadiness readiness = new();
        await using var admin = await StartAsync(readiness);

        foreach (
            var (phase, status) in new[]
            {
                (GatewayPhase.Starting, HttpStatusCode.ServiceUnavailable),
                (GatewayPhase.Ready, HttpStatusCode.OK),
                (GatewayPhase.Draining, HttpStatusCode.ServiceUnavailable),
            }
        )
        {
            readiness.Phase = phase;
            Assert.Equal((status, phase.ToString().ToLowerInvariant() + "\n"), await GetAsync(admin, "/ready"));
            Assert.Equal((HttpStatusCode.OK, "ok\n"), await GetAsync(admin, "/healthz"));
        }
    }

    [Fact]
    public async Task Metrics_has_the_gateways_meter_and_the_runtimes()
    {
        await using var admin = await StartAsync(new GatewayReadiness());
        using Meter meter = new(GatewayMetrics.MeterName);
        meter.CreateCounter<long>("gateway.probe").Add(3);

        var (status, text) = await GetAsync(admin, "/metrics");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Matches(@"gateway_probe_total\{[^}]*\} 3", text);
        Assert.Contains("dotnet_gc_collections_total", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("LOCALHOST:9901", HttpStatusCode.OK)]
    [InlineData("127.0.0.1:9901", HttpStatusCode.OK)]
    [InlineData("[::1]:9901", HttpStatusCode.OK)]
    [InlineData("rebound.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("localhost.rebound.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("192.0.2.1", HttpStatusCode.MisdirectedRequest)]
    public async Task A_name_that_is_not_this_endpoints_is_not_answered(string host, HttpStatusCode status)
    {
        await using var admin = await StartAsync(new GatewayReadiness());
        Assert.Equal(status, (await GetAsync(admin, "/healthz", host)).Status);
        Assert.Equal(status, (await GetAsync(admin, "/metrics", host)).Status);
    }

    [Fact]
    public void An_endpoint_on_every_address_answers_to_any_address_and_still_to_no_name()
    {
        AdminHostFilter filter = new(IPAddress.Any);

        Assert.True(filter.IsAllowed("192.0.2.1"));
        Assert.False(filter.IsAllowed("rebound.example"));
        Assert.False(filter.IsAllowed(""));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        AdminSettings settings = new((IPEndPoint)taken.LocalEndpoint);

        var failure = await Assert.ThrowsAsync<IOException>(() =>
            AdminServer.StartAsync(
                settings,
                TelemetrySettings.Off,
                new GatewayReadiness(),
                NullLoggerFactory.Instance,
                static () => null,
                TestContext.Current.CancellationToken
            )
        );

        Assert.Contains($"admin.bind {taken.LocalEndpoint}", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1", HttpStatusCode.ServiceUnavailable)]
    [InlineData("0.0.0.0", HttpStatusCode.Forbidden)]
    public async Task Connections_are_for_loopback_and_for_a_gateway_that_runs(string bind, HttpStatusCode status)
    {
        await using var admin = await StartAsync(new GatewayReadiness(), bind);
        foreach (var path in (string[])["/connections", "/connections/0-1"])
        {
            using HttpClient client = new();
            var answer = await client.GetAsync(
                new Uri($"http://127.0.0.1:{admin.EndPoint.Port}{path}"),
                TestContext.Current.CancellationToken
            );
            Assert.Equal((status, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        }
    }

    private static Task<AdminServer> StartAsync(GatewayReadiness readiness, string bind = "127.0.0.1") =>
        AdminServer.StartAsync(
            new AdminSettings(new IPEndPoint(IPAddress.Parse(bind), 0)),
            TelemetrySettings.Off,
            readiness,
            NullLoggerFactory.Instance,
            static () => null,
            TestContext.Current.CancellationToken
        );

    private static async Task<(HttpStatusCode Status, string Text)> GetAsync(AdminServer admin, string path, string? host = null)
    {
        using HttpClient client = new();
        using HttpRequestMessage request = new(HttpMethod.Get, $"http://{admin.EndPoint}{path}");
        request.Headers.Host = host;
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
