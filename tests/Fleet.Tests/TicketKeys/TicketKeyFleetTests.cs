using TlsGateway.Fleet.Tests.Support;

namespace TlsGateway.Fleet.Tests.TicketKeys;

/// <summary>Ticket keys among whole members.</summary>
public sealed class TicketKeyFleetTests
{
    private static readonly TimeSpan Half = TimeSpan.FromHours(13);

    [Fact]
    public async Task All_members_seal_with_the_same_key_and_a_new_one_comes_with_time()
    {
        await using TestFleet fleet = new(3);
        await fleet.FormAsync();
        await TestFleet.UntilAsync(() => Agree(fleet), "all have the same keys");
        var first = fleet.Hosts[0].Keys!;
        fleet.Time.Advance(Half);
        await TestFleet.UntilAsync(() => Agree(fleet) && fleet.Hosts[0].Keys!.Version >= first.Version + 2, "a new key seals everywhere");
        var second = fleet.Hosts[1].Keys!;
        Assert.False(second.Sealing!.Key.IsSameAs(first.Sealing!.Key));
        // Tickets of before are opened still.
        Assert.Contains(second.Keys, key => key.Key.IsSameAs(first.Sealing.Key));
        fleet.Time.Advance(Half);
        await TestFleet.UntilAsync(() => Agree(fleet) && fleet.Hosts[0].Keys!.Version >= second.Version + 2, "and another");
        Assert.DoesNotContain(fleet.Hosts[2].Keys!.Keys, key => key.Key.IsSameAs(first.Sealing.Key));
    }

    [Fact]
    public async Task A_key_does_not_seal_before_every_member_says_that_it_has_it()
    {
        await using TestFleet fleet = new(3);
        await fleet.FormAsync();
        await TestFleet.UntilAsync(() => Agree(fleet), "all have the same keys");
        var first = fleet.Hosts[0].Keys!;
        fleet.Hosts[2].IsSilent = true;
        await TestFleet.UntilAsync(() => fleet.Nodes[0].Current.Members.Any(static one => one.Load!.KeysVersion == 0), "one is silent");
        fleet.Time.Advance(Half);
        await TestFleet.UntilAsync(
            () => Array.TrueForAll(fleet.Hosts, host => host.Keys!.Version == first.Version + 1),
            "the new key is everywhere"
        );
        // Some rounds of looks and reports later it is so still.
        var heard = fleet.Nodes[0].Current.Members.Max(static one => one.Load!.Sequence);
        await TestFleet.UntilAsync(() => fleet.Nodes[0].Current.Members.All(one => one.Load!.Sequence > heard + 3), "time goes by");
        Assert.All(
            fleet.Hosts,
            host => Assert.True(host.Keys!.Sealing!.Key.IsSameAs(first.Sealing!.Key), "it seals with a key that one may not have")
        );
        fleet.Hosts[2].IsSilent = false;
        await TestFleet.UntilAsync(() => Agree(fleet) && fleet.Hosts[0].Keys!.Version == first.Version + 2, "then it does");
    }

    [Fact]
    public async Task When_the_member_that_makes_keys_leaves_another_goes_on_with_the_same()
    {
        await using TestFleet fleet = new(3);
        await fleet.FormAsync();
        await TestFleet.UntilAsync(() => Agree(fleet), "all have the same keys");
        var first = fleet.Hosts[0].Keys!;
        var oldest = Array.FindIndex(fleet.Nodes, static node => node.Current.Members.Single(static one => one.IsSelf).IsOldest);
        await fleet.Nodes[oldest].DisposeAsync();
        var (left, hosts) = (fleet.Nodes.Where((_, i) => i != oldest).ToArray(), fleet.Hosts.Where((_, i) => i != oldest).ToArray());
        await TestFleet.UntilAsync(() => Array.TrueForAll(left, static node => node.Current.Members.Count == 2), "two are left");
        fleet.Time.Advance(Half);
        await TestFleet.UntilAsync(
            () => Array.TrueForAll(hosts, host => host.Keys!.Version >= first.Version + 2 && host.Keys.SealingPlace == 0),
            "a new key seals"
        );
        Assert.All(hosts, host => Assert.Contains(host.Keys!.Keys, key => key.Key.IsSameAs(first.Sealing!.Key)));
    }

    private static bool Agree(TestFleet fleet) =>
        fleet.Hosts[0].Keys is { SealingPlace: 0, Sealing: { } first }
        && Array.TrueForAll(
            fleet.Hosts,
            host => host.Keys is { } keys && keys.Version == fleet.Hosts[0].Keys!.Version && keys.Sealing!.Key.IsSameAs(first.Key)
        );
}
