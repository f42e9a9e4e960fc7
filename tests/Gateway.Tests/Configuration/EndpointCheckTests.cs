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
