using System.Net;
using TlsGateway.Fleet.Balancing;
using TlsGateway.Fleet.Settings;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Configuration;

public sealed class ClusterCheckTests
{
    private const string Loopback = "  bind: 127.0.0.1:4053\n  seeds: [\"127.0.0.1:4053\", \"127.0.0.2:4053\"]\n";

    [Fact]
    public async Task A_fleet_on_loopback_needs_no_certificates()
    {
        var cluster = await LoadAsync(Loopback);
        Assert.Equal(new FleetAddress("127.0.0.1", 4053), cluster.Fleet.Advertised);
        Assert.Equal([new FleetAddress("127.0.0.1", 4053), new FleetAddress("127.0.0.2", 4053)], cluster.Fleet.Seeds);
        Assert.Null(cluster.Fleet.Tls);
        Assert.True(cluster.Fleet.SharesTicketKeys);
        Assert.Null(cluster.Fleet.Relaying);
        Assert.Null(cluster.Fleet.Rebalance);
        Assert.Null(cluster.RelayBind);
    }

    [Fact]
    public async Task A_relay_is_reached_at_the_members_host_by_its_own_port()
    {
        var cluster = await LoadAsync(Loopback + "  relay: { bind: \"127.0.0.1:5000\" }\n");
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 5000), cluster.RelayBind);
        Assert.Equal(new RelayingSettings(new FleetAddress("127.0.0.1", 5000), 1.25, 200), cluster.Fleet.Relaying);
    }

    [Fact]
    public async Task A_relay_may_be_reached_elsewhere()
    {
        var cluster = await LoadAsync(Loopback + "  relay: { bind: \":5000\", advertise: \"relay.test:6000\", excess: 50, minimum: 7 }\n");
        Assert.Equal(new RelayingSettings(new FleetAddress("relay.test", 6000), 1.5, 7), cluster.Fleet.Relaying);
    }

    [Fact]
    public async Task Rebalancing_has_its_settings()
    {
        var cluster = await LoadAsync(Loopback + "  rebalance: { excess: 20, share: 5, every: 1m, idle: 2s, old: 1h }\n");
        Assert.Equal(
            new RebalanceSettings(1.2, 0.05, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(2), TimeSpan.FromHours(1)),
            cluster.Fleet.Rebalance
        );
    }

    [Theory]
    [InlineData("  bind: :4053\n  seeds: [\"127.0.0.1:4053\"]\n", "cluster.bind is every address of this machine")]
    [InlineData("  bind: 127.0.0.1:0\n  seeds: [\"127.0.0.1:4053\"]\n", "cluster.bind has port 0")]
    [InlineData("  bind: 127.0.0.1:8443\n  seeds: [\"127.0.0.1:8443\"]\n", "which listener https listens on already")]
    [InlineData("  bind: 127.0.0.1:4053\n", "neither who the seeds are")]
    [InlineData("  bind: 127.0.0.1:4053\n  seeds: [\"127.0.0.1\"]\n", "which has no port")]
    [InlineData("  bind: 127.0.0.1:4053\n  seeds: [\"127.0.0.1:4053\", \"127.0.0.1:4053\"]\n", "which is there already")]
    [InlineData("  bind: 10.0.0.1:4053\n  seeds: [\"10.0.0.1:4053\"]\n", "has no tls, and is not on loopback")]
    [InlineData(Loopback + "  splitBrain: static-quorum\n", "without quorumSize")]
    [InlineData(Loopback + "  splitBrain: lease-majority\n", "needs cluster.kubernetes")]
    [InlineData(Loopback + "  quorumSize: 2\n", "has no effect")]
    [InlineData(
        Loopback + "  relay: { bind: \"127.0.0.1:4053\" }\n",
        "cluster.relay.bind is 127.0.0.1:4053, which cluster.bind listens on already"
    )]
    [InlineData(Loopback + "  relay: { bind: \"127.0.0.1:8443\" }\n", "which listener https listens on already")]
    [InlineData(Loopback + "  relay: { bind: \":0\" }\n", "Name a port, such as 4054")]
    [InlineData(Loopback + "  relay: { advertise: \"0.0.0.0:4054\" }\n", "no address that other members could connect to")]
    [InlineData(Loopback + "  relay: { excess: 1 }\n", "cluster.relay.excess is '1'")]
    [InlineData(Loopback + "  rebalance: { share: 0 }\n", "cluster.rebalance.share is '0'")]
    public async Task What_would_not_work_is_said(string cluster, string problem) =>
        Assert.Contains(
            await Loader.ProblemsAsync($"cluster:\n{cluster}{Loader.Minimal}"),
            one => one.Contains(problem, StringComparison.Ordinal)
        );

    private static async Task<Gateway.Configuration.ClusterSettings> LoadAsync(string cluster)
    {
        using TemporaryFolder folder = new();
        var result = await Loader.LoadAsync(folder, $"cluster:\n{cluster}{Loader.Minimal}");
        Assert.Empty(result.Problems);
        return result.Configuration!.Cluster!;
    }
}
