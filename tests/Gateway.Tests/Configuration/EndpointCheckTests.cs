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
                new EndpointSettings(IPEndPoint.Parse("192.0.2.7:80")) { Weight = 5 },
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
