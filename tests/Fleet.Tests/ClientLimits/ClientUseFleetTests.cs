using TlsGateway.Actors.Limits;
using TlsGateway.Fleet.Tests.Support;

namespace TlsGateway.Fleet.Tests.ClientLimits;

/// <summary>Whole members against each other: what client networks have at one is known at the others, and no longer than it is so.</summary>
public sealed class ClientUseFleetTests
{
    private static readonly UInt128 Network = 0xFFFF_C000_0201;
    private static readonly UInt128 Other = 0xFFFF_C000_0202;

    [Fact]
    public async Task Reports_arrive_are_added_up_and_go()
    {
        await using TestFleet fleet = new(3);
        await fleet.FormAsync();
        Say(fleet, 0, new NetworkUse(Network, 3, 1));
        Say(fleet, 1, new NetworkUse(Network, 4, 0), new NetworkUse(Other, 9, 0));
        await UntilAsync(
            fleet,
            () => Elsewhere(fleet, Network) is [4, 3, 7] && Elsewhere(fleet, Other) is [9, 0, 9],
            "all know what the others have"
        );
        await UntilAsync(fleet, () => fleet.Hosts[2].Clients.HandshakesElsewhere(Network) >= 2, "handshakes of each second come on top");
        Assert.All(fleet.Hosts, static host => Assert.Equal(3, host.Clients.Members));
        // Below what is told.
        Say(fleet, 1);
        await UntilAsync(
            fleet,
            () => Elsewhere(fleet, Network) is [0, 3, 3] && Elsewhere(fleet, Other) is [0, 0, 0],
            "what has gone is gone everywhere"
        );
        Say(fleet, 0);
        await UntilAsync(fleet, () => Elsewhere(fleet, Network) is [0, 0, 0], "the last has gone");
    }

    [Fact]
    public async Task A_member_that_goes_takes_its_reports_along_and_who_is_alone_counts_for_itself()
    {
        await using TestFleet fleet = new(3);
        await fleet.FormAsync();
        foreach (var member in (int[])[0, 1, 2])
        {
            Say(fleet, member, new NetworkUse(Network, 5, 0));
        }
        await UntilAsync(fleet, () => Elsewhere(fleet, Network) is [10, 10, 10], "all know");
        await fleet.Nodes[2].DisposeAsync();
        await UntilAsync(fleet, () => Elsewhere(fleet, Network) is [5, 5, 0], "who has left is not counted, and counts nobody");
        await fleet.Nodes[1].DisposeAsync();
        await UntilAsync(fleet, () => Elsewhere(fleet, Network) is [0, 0, 0], "alone");
    }

    [Fact]
    public async Task A_member_that_falls_silent_counts_for_nothing_after_a_while()
    {
        await using TestFleet fleet = new(2);
        await fleet.FormAsync();
        Say(fleet, 1, new NetworkUse(Network, 5, 0));
        await UntilAsync(fleet, () => Elsewhere(fleet, Network) is [5, 0], "it is known");
        // Its last word is that there is a limit; nothing more is said of networks.
        fleet.Hosts[1].Clients.Use = null;
        await UntilAsync(
            fleet,
            () =>
            {
                fleet.Time.Advance(TimeSpan.FromSeconds(1));
                return Elsewhere(fleet, Network) is [0, 0];
            },
            "it is forgotten"
        );
    }

    [Fact]
    public async Task Members_without_the_limit_and_with_other_networks_are_not_added_up()
    {
        await using TestFleet fleet = new(3);
        fleet.Hosts[1].Clients.Use = new ClientUse(24, 64, [new NetworkUse(Network, 4, 0)]);
        fleet.Hosts[2].Clients.Use = null;
        await fleet.FormAsync();
        Say(fleet, 0, new NetworkUse(Network, 3, 0));
        await UntilAsync(fleet, () => Array.TrueForAll(fleet.Hosts, static host => host.Clients.Members == 3), "all are asked");
        Assert.Equal([0, 0, 0], Elsewhere(fleet, Network));
        // Set to the same, they count, from the next report on.
        fleet.Hosts[1].Clients.Use = new ClientUse(32, 64, [new NetworkUse(Network, 4, 0)]);
        fleet.Hosts[2].Clients.Use = new ClientUse(32, 64, []);
        await UntilAsync(fleet, () => Elsewhere(fleet, Network) is [4, 3, 7], "they fit now");
        // The limit is taken off at one: it forgets.
        fleet.Hosts[2].Clients.Use = null;
        await UntilAsync(fleet, () => Elsewhere(fleet, Network) is [4, 3, 0], "nothing is kept");
    }

    private static void Say(TestFleet fleet, int member, params NetworkUse[] networks) =>
        fleet.Hosts[member].Clients.Use = new ClientUse(32, 64, networks);

    private static int[] Elsewhere(TestFleet fleet, UInt128 network) =>
        [.. fleet.Hosts.Select(host => host.Clients.ConnectionsElsewhere(network))];

    private static Task UntilAsync(TestFleet fleet, Func<bool> condition, string what) =>
        TestFleet.UntilAsync(condition, what, () => fleet.Log.ToString());
}
