using System.Net;
using TlsGateway.Cluster.Tests.Support;
using TlsGateway.Kubernetes.Tests.Support;
using TestFleet = TlsGateway.Cluster.Tests.Support.TestFleet;

namespace TlsGateway.Cluster.Tests;

/// <summary>A fleet of pods in two halves, of which a lease of the API server decides.</summary>
public sealed class LeaseSplitTests
{
    [Fact]
    public async Task Of_two_halves_the_one_that_gets_the_lease_goes_on_and_the_other_serves_alone()
    {
        FakeApiServer pods = null!;
        await using var fleet = await TestFleet.StartAsync(
            4,
            "  splitBrain: lease-majority",
            pods: async () => pods = await FakeApiServer.StartAsync(TestFleet.Outside, IPAddress.Parse(TestFleet.Outside))
        );
        Member[] one = fleet.Members[..2];
        Member[] other = fleet.Members[2..];
        var established = await Task.WhenAll(fleet.Members.Select(static member => EchoClient.ConnectAsync(member.Clients)));
        foreach (var member in one)
        {
            foreach (var from in other)
            {
                TestFleet.Cut(member, from);
            }
        }

        await TestFleet.UntilAsync(
            async () => await StandAsync(one) is { } here && await StandAsync(other) is { } there && here != there,
            "one half is a fleet, the other is none",
            () => string.Join("\n----\n", fleet.Members.Select(static member => $"{member.Address}\n{member.Log}"))
        );
        Member[] winners = await StandAsync(one) == true ? one : other;
        var losers = winners == one ? other : one;
        // Who goes on has the lease, in which the members are known by their addresses.
        var holder = pods.Leases.HolderOf("tls-gateway-members-split");
        Assert.Contains(winners, winner => holder!.Contains($"{winner.Address}", StringComparison.Ordinal));
        // A tie that is decided is not a second beginning: the losers know of pods that do not answer.
        Assert.All(losers, static loser => Assert.DoesNotContain("this one begins it", LogSinceLost(loser), StringComparison.Ordinal));
        foreach (var client in established)
        {
            await client.EchoAsync("as if nothing were");
            await client.DisposeAsync();
        }
        foreach (var member in fleet.Members)
        {
            await using var late = await EchoClient.ConnectAsync(member.Clients);
            await late.EchoAsync("served by either half");
        }

        foreach (var member in one)
        {
            TestFleet.Heal(member);
        }
        await fleet.WholeAsync(fleet.Members);
    }

    /// <summary>True: both are members of a fleet of two; false: neither is a member; null: neither yet.</summary>
    private static async Task<bool?> StandAsync(Member[] half)
    {
        var fleets = await Task.WhenAll(half.Select(static member => member.FleetAsync()));
        if (fleets.All(static fleet => fleet is { } two && TestFleet.Text(two, "standing") == "member" && TestFleet.Up(two).Count() == 2))
        {
            return true;
        }
        return fleets.All(static fleet => fleet is { } none && TestFleet.Text(none, "standing") != "member") ? false : null;
    }

    private static string LogSinceLost(Member member)
    {
        var log = member.Log;
        return log[Math.Max(0, log.IndexOf("No longer one of the fleet", StringComparison.Ordinal))..];
    }
}
