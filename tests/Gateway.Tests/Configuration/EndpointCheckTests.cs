using System.Net;
using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Configuration;

public sealed class EndpointCheckTests
{
    [Fact]
    public async Task Endpoints_become_settings()
    {
        using TemporaryFolder folder = new();
        var result = await Loader.LoadAsync(
            folder,
            File(
                "{ balance: leastConnections, connectAttempts: 3, endpoints: [{ address: 'backend.test:80', weight: 5 }, { address: '192.0.2.9:81', backup: true }] }"
            )
        );
        Assert.Empty(result.Problems);
        var upstream = result.Configuration!.Listeners[0].Upstream!;
        Assert.Equal((BalanceAlgorithm.LeastConnections, 3), (upstream.Balance, upstream.ConnectAttempts));
        Assert.Equal(
            [
                new EndpointSettings(IPEndPoint.Parse("192.0.2.7:80")) { Host = "backend.test", Weight = 5 },
                new EndpointSettings(IPEndPoint.Parse("192.0.2.9:81")) { IsBackup = true },
            ],
            upstream.Endpoints
        );
    }

    [Fact]
    public async Task The_PROXY_protocol_is_read_for_both_sides()
    {
        using TemporaryFolder folder = new();
        var yaml = File("{ address: embedded-demo, proxyProtocol: v2 }")
            .Replace(
                "    upstream: demo\n",
                "    upstream: demo\n    proxyProtocol: { from: [10.0.0.0/8, '::1'] }\n",
                StringComparison.Ordinal
            );
        var result = await Loader.LoadAsync(folder, yaml);
        Assert.Empty(result.Problems);
        var listener = result.Configuration!.Listeners[0];
        Assert.Equal((2, ProxyProtocolVersion.V2), (listener.ProxyProtocolFrom!.Count, listener.Upstream!.ProxyProtocol));
    }

    [Fact]
    public async Task Health_queue_and_ejection_become_settings()
    {
        using TemporaryFolder folder = new();
        var result = await Loader.LoadAsync(
            folder,
            File(
                "{ address: 'unix:/run/api.sock', maxConnections: 5, queue: { size: 7, timeout: 3s }, slowStart: 20s, panicThreshold: 30, "
                    + "ejection: { failures: 2, time: 1s, maximumTime: 9s, maximumShare: 80 }, "
                    + "health: { check: https, interval: 1s, timeout: 400ms, rise: 4, fall: 5, path: '/h?x=1', host: api.test, status: 200-204, body: ok } }"
            )
        );
        Assert.Empty(result.Problems);
        var upstream = result.Configuration!.Listeners[0].Upstream!;
        Assert.Equal("/run/api.sock", upstream.Endpoints[0].Address.ToString());
        Assert.Equal(
            (5, new QueueSettings { Size = 7, Timeout = TimeSpan.FromSeconds(3) }, TimeSpan.FromSeconds(20), 30),
            (upstream.MaxConnections, upstream.Queue, upstream.SlowStart, upstream.PanicShare)
        );
        Assert.Equal(
            new OutlierSettings
            {
                Failures = 2,
                Time = TimeSpan.FromSeconds(1),
                MaximumTime = TimeSpan.FromSeconds(9),
                MaximumShare = 80,
            },
            upstream.Outliers
        );
        Assert.Equal(
            new HealthCheckSettings
            {
                Kind = HealthCheckKind.Https,
                Interval = TimeSpan.FromSeconds(1),
                Timeout = TimeSpan.FromMilliseconds(400),
                Rise = 4,
                Fall = 5,
                Path = "/h?x=1",
                Host = "api.test",
                Status = (200, 204),
                Body = "ok",
            },
            upstream.HealthCheck
        );
    }

    [Theory]
    [InlineData("{ address: 'unix:run/api.sock' }", "whose path is not absolute")]
    [InlineData(
        "{ address: 'unix:/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }",
        "longer than the 107 bytes"
    )]
    [InlineData("{ address: '192.0.2.9:80', health: { check: tcp, path: /x } }", "health has path, which a tcp check does not look at")]
    [InlineData(
        "{ address: '192.0.2.9:80', health: { check: http, status: 300-200 } }",
        "health.status is '300-200', which no status is in"
    )]
    [InlineData("{ address: '192.0.2.9:80', health: { check: http, path: x } }", "path")]
    [InlineData("{ address: '192.0.2.9:80', health: { interval: 1s } }", "check")]
    [InlineData("{ address: 'unix:/run/a.sock', health: { check: tcp, port: 80 } }", "health has port, and its endpoints are Unix sockets")]
    [InlineData("{ address: '192.0.2.9:80', ejection: { time: 10m } }", "a maximumTime of 5m, which is shorter than its time of 10m")]
    public async Task A_mistake_about_health_is_said(string upstream, string part)
    {
        Assert.Contains(await Loader.ProblemsAsync(File(upstream)), problem => problem.Contains(part, StringComparison.Ordinal));
    }

    [Fact]
    public void Families_take_turns_so_that_the_next_attempt_goes_another_way()
    {
        string[] addresses = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1", "192.0.2.2", "2001:db8::1"];
        Assert.Equal(
            ["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "2001:db8::3"],
            Actors.Names.AddressOrder.Interleave([.. addresses.Select(IPAddress.Parse)]).Select(static a => a.ToString())
        );
    }

    [Theory]
    [InlineData("{ from: [] }", "proxyProtocol.from is empty")]
    [InlineData("{ from: [10.0.0.0/99] }", "proxyProtocol.from[0] is '10.0.0.0/99', whose prefix length")]
    [InlineData("{}", "proxyProtocol.from is missing")]
    public async Task A_mistake_about_proxies_in_front_is_said(string section, string part)
    {
        var yaml = Loader.Minimal.Replace(
            "    upstream: demo\n",
            $"    upstream: demo\n    proxyProtocol: {section}\n",
            StringComparison.Ordinal
        );
        Assert.Contains(await Loader.ProblemsAsync(yaml), problem => problem.Contains(part, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{ balance: roundRobin }", "upstreams.demo has no address")]
    [InlineData("{ address: 'backend.test:80', endpoints: [{ address: 'backend.test:80' }] }", "has both address and endpoints")]
    [InlineData("{ endpoints: [] }", "endpoints is empty")]
    [InlineData("{ endpoints: [{ weight: 2 }] }", "endpoints[0].address is missing")]
    [InlineData("{ endpoints: [{ address: 'backend.test' }] }", "endpoints[0].address is 'backend.test', which has no port")]
    [InlineData("{ endpoints: [{ address: 'missing.test:80' }] }", "whose host missing.test cannot be looked up")]
    [InlineData("{ endpoints: [{ address: '192.0.2.7:80' }, { address: 'backend.test:80' }] }", "endpoints has 192.0.2.7:80 twice")]
    [InlineData("{ endpoints: [{ address: '192.0.2.7:80', backup: true }] }", "endpoints are all backup")]
    [InlineData("{ endpoints: [{ address: '192.0.2.7:80', weight: 0 }] }", "which is out of range")]
    [InlineData("{ address: 'backend.test:80', balance: randomOfTow }", "Did you mean randomOfTwo?")]
    public async Task A_mistake_is_said(string upstream, string part) =>
        Assert.Contains(part, Assert.Single(await Loader.ProblemsAsync(File(upstream))), StringComparison.Ordinal);

    private static string File(string upstream) => Loader.Minimal.Replace("{ address: embedded-demo }", upstream, StringComparison.Ordinal);
}
