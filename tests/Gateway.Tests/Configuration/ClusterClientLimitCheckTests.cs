using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Configuration;

public sealed class ClusterClientLimitCheckTests
{
    [Fact]
    public async Task Limits_of_the_fleet_become_settings_with_the_gateways_client_networks()
    {
        using TemporaryFolder folder = new();
        var result = await Loader.LoadAsync(
            folder,
            Cluster("clientLimits: { connections: 60, handshakeRate: 7 }")
                + "limits: { perClient: { connections: 60, ipv4Prefix: 24, ipv6Prefix: 56 } }\n"
                + Loader.Minimal
        );
        Assert.Empty(result.Problems);
        var expected = new ClientLimitSettings
        {
            Limits = new LimitSettings { Connections = 60, HandshakeRate = 7 },
            IPv4Prefix = 24,
            IPv6Prefix = 56,
        };
        Assert.Equal(expected, result.Configuration!.Cluster!.ClientLimits);
    }

    [Theory]
    [InlineData("")]
    [InlineData("splitBrain: keep-oldest")]
    public async Task Without_them_there_are_none(string more)
    {
        using TemporaryFolder folder = new();
        var result = await Loader.LoadAsync(folder, Cluster(more) + Loader.Minimal);
        Assert.Empty(result.Problems);
        Assert.Equal(ClientLimitSettings.None, result.Configuration!.Cluster!.ClientLimits);
    }

    [Theory]
    [InlineData("connections", 60, 61, 32)]
    [InlineData("handshakeRate", 5, 10, 34)]
    public async Task One_member_may_not_give_a_network_more_than_all(string name, int all, int one, int column) =>
        Assert.Equal(
            $"g.yaml:4:{column}: cluster.clientLimits.{name} is {all}, and limits.perClient.{name} lets a client network have {one} at one member alone. Make it as much at least, or limits.perClient.{name} smaller.",
            Assert.Single(
                await Loader.ProblemsAsync(
                    Cluster($"clientLimits: {{ {name}: {all} }}") + $"limits: {{ perClient: {{ {name}: {one} }} }}\n" + Loader.Minimal
                )
            )
        );

    [Fact]
    public async Task Limits_that_limit_nothing_are_pointed_out() =>
        Assert.Contains(
            "cluster.clientLimits has no effect",
            Assert.Single(await Loader.ProblemsAsync(Cluster("clientLimits: { connections: 0 }") + Loader.Minimal)),
            StringComparison.Ordinal
        );

    private static string Cluster(string more) =>
        $"cluster:\n  bind: 127.0.0.1:4053\n  seeds: [\"127.0.0.1:4053\"]\n{(more.Length == 0 ? "" : $"  {more}\n")}";
}
