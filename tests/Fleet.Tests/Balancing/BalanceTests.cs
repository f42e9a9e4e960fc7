using System.Net;
using TlsGateway.Fleet.Balancing;
using TlsGateway.Fleet.Settings;
using TlsGateway.Fleet.Tests.Support;

namespace TlsGateway.Fleet.Tests.Balancing;

/// <summary>Whole members that even out what they have to do.</summary>
public sealed class BalanceTests
{
    [Fact]
    public async Task A_heavy_member_gets_grants_of_the_others_and_they_none()
    {
        await using TestFleet fleet = new(3, Relaying);
        fleet.Hosts[0].Connections = 1000;
        await fleet.FormAsync();
        var heavy = fleet.Nodes[0].Placement;
        List<IPEndPoint> given = [];
        await TestFleet.UntilAsync(
            () =>
            {
                for (var connection = 0; connection < 20; connection++)
                {
                    if (heavy.Take() is { } grant)
                    {
                        given.Add(grant.Address);
                    }
                }
                return given.Distinct().Count() == 2;
            },
            "both others take connections",
            () => fleet.Log.ToString()
        );
        Assert.Equal(given.Select(static one => one.Port).Distinct().Order(), RelayPorts(fleet, 1, 2));
        Assert.True(heavy.Share > 0);
        Assert.Equal(0, fleet.Nodes[1].Placement.Share);
        Assert.Null(fleet.Nodes[2].Placement.Take());
    }

    [Fact]
    public async Task One_that_drains_or_is_full_takes_none()
    {
        await using TestFleet fleet = new(3, Relaying);
        fleet.Hosts[0].Connections = 1000;
        fleet.Hosts[1].IsDraining = true;
        fleet.Hosts[2].Room = 0;
        await fleet.FormAsync();
        await TestFleet.UntilAsync(() => fleet.Nodes[0].Placement.Share > 0.5, "it would hand over", () => fleet.Log.ToString());
        Assert.All(Enumerable.Range(0, 100), _ => Assert.Null(fleet.Nodes[0].Placement.Take()));
        fleet.Hosts[2].Room = 5;
        await TestFleet.UntilAsync(() => fleet.Nodes[0].Placement.Take() is not null, "it has room again");
    }

    [Fact]
    public async Task Before_a_member_ends_the_others_close_what_it_relays_to_them()
    {
        await using TestFleet fleet = new(3, Relaying);
        await fleet.FormAsync();
        fleet.Nodes[1].EndRelays();
        var origin = fleet.Addresses[1].ToString();
        await TestFleet.UntilAsync(
            () => fleet.Hosts[0].ClosedRelayed.Contains(origin) && fleet.Hosts[2].ClosedRelayed.Contains(origin),
            "both others close them"
        );
        Assert.Empty(fleet.Hosts[1].ClosedRelayed);
    }

    [Fact]
    public async Task One_that_drains_has_one_other_close_some_of_what_it_relays_and_only_that_one()
    {
        await using TestFleet fleet = new(3, Relaying);
        await fleet.FormAsync();
        fleet.Nodes[1].CloseIdleRelayed(fleet.Addresses[2].ToString(), 7, TimeSpan.FromSeconds(31.5));
        // Nobody, and it itself: nothing happens.
        fleet.Nodes[1].CloseIdleRelayed("nobody:4053", 7, TimeSpan.Zero);
        fleet.Nodes[1].CloseIdleRelayed(fleet.Addresses[1].ToString(), 7, TimeSpan.Zero);
        fleet.Nodes[1].EndRelays();
        await TestFleet.UntilAsync(() => fleet.Hosts.Count(static host => !host.ClosedRelayed.IsEmpty) == 2, "what came after it is there");
        Assert.Equal([(fleet.Addresses[1].ToString(), 7, TimeSpan.FromSeconds(31.5))], fleet.Hosts[2].ClosedIdle);
        Assert.Empty(fleet.Hosts[0].ClosedIdle);
        Assert.Empty(fleet.Hosts[1].ClosedIdle);
    }

    [Fact]
    public async Task A_member_with_more_connections_closes_a_share_of_what_it_has_above_the_average()
    {
        RebalanceSettings rebalance = new(1.5, Share: 0.1, TimeSpan.FromSeconds(1), Idle: TimeSpan.FromSeconds(10), Old: null);
        await using TestFleet fleet = new(3, (settings, _) => settings with { Rebalance = rebalance });
        fleet.Hosts[0].Connections = 1000;
        fleet.Hosts[1].Connections = 400;
        fleet.Hosts[2].Connections = 400;
        await fleet.FormAsync();
        // The average is 600, of 400 above it a tenth.
        await TestFleet.UntilAsync(() => fleet.Hosts[0].Retired.Count >= 2, "it closes some, and again", () => fleet.Log.ToString());
        Assert.All(fleet.Hosts[0].Retired.Skip(1), static count => Assert.Equal(40, count));
        Assert.Empty(fleet.Hosts[1].Retired);
    }

    [Fact]
    public async Task Without_settings_nothing_is_handed_over_nor_closed()
    {
        await using TestFleet fleet = new(2);
        fleet.Hosts[0].Connections = 1000;
        await fleet.FormAsync();
        await TestFleet.UntilAsync(() => fleet.Nodes[0].Current.Members[0].Load!.Sequence > 3, "some seconds have passed");
        Assert.Equal(0, fleet.Nodes[0].Placement.Share);
        Assert.Empty(fleet.Hosts[0].Retired);
    }

    private static FleetSettings Relaying(FleetSettings settings, int member) =>
        settings with
        {
            Relaying = new RelayingSettings(settings.Advertised with { Port = settings.Advertised.Port + 1 }, Ratio: 1.25, Minimum: 100),
        };

    private static IEnumerable<int> RelayPorts(TestFleet fleet, params int[] members) =>
        members.Select(member => fleet.Addresses[member].Port + 1).Order();
}
