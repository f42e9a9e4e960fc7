using TlsGateway.Cluster.Tests.Support;
using TestFleet = TlsGateway.Cluster.Tests.Support.TestFleet;

namespace TlsGateway.Cluster.Tests;

/// <summary>Real gateways, each in a network namespace of its own.</summary>
public sealed class FleetTests
{
    [Fact]
    public async Task Three_gateways_form_a_fleet_and_a_session_resumes_on_every_other()
    {
        await using var fleet = await TestFleet.StartAsync(3);
        foreach (var from in fleet.Members)
        {
            foreach (var at in fleet.Members.Where(one => one != from))
            {
                fleet.AssertResumes(from, at);
            }
        }
        var seen = (await fleet.Members[0].FleetAsync())!.Value;
        Assert.All(
            seen.GetProperty("members").EnumerateArray(),
            static one =>
            {
                Assert.Equal("ready", TestFleet.Text(one, "phase"));
                Assert.Equal("tls", TestFleet.Text(one.GetProperty("certificates")[0], "listener"));
                Assert.True(one.GetProperty("limit").GetInt64() > 0);
            }
        );
    }

    /// <param name="isOldest">It makes the keys, and is a seed.</param>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_killed_member_is_missed_by_nobody_but_its_own_clients(bool isOldest)
    {
        await using var fleet = await TestFleet.StartAsync(3);
        var killed = await fleet.PickAsync(isOldest);
        var others = fleet.Members.Where(one => one != killed).ToArray();
        await using var first = await EchoClient.ConnectAsync(others[0].Clients);
        await using var second = await EchoClient.ConnectAsync(others[1].Clients);
        killed.Signal("KILL");
        await killed.ExitAsync();
        await first.EchoAsync("at once");
        await second.EchoAsync("at once");
        await using (var fresh = await EchoClient.ConnectAsync(others[0].Clients))
        {
            await fresh.EchoAsync("new");
        }
        await fleet.WholeAsync(others);
        fleet.AssertResumes(others[0], others[1]);
        await first.EchoAsync("still");
        await second.EchoAsync("still");
        killed.Start();
        await fleet.WholeAsync(fleet.Members);
        fleet.AssertResumes(others[0], killed);
        await first.EchoAsync("and after");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_frozen_member_is_put_out_and_comes_back_with_its_connections(bool isOldest)
    {
        await using var fleet = await TestFleet.StartAsync(3);
        var frozen = await fleet.PickAsync(isOldest);
        var others = fleet.Members.Where(one => one != frozen).ToArray();
        await using var held = await EchoClient.ConnectAsync(frozen.Clients);
        await held.EchoAsync("before");
        frozen.Signal("STOP");
        await fleet.WholeAsync(others);
        await using (var fresh = await EchoClient.ConnectAsync(others[0].Clients))
        {
            await fresh.EchoAsync("meanwhile");
        }
        frozen.Signal("CONT");
        await held.EchoAsync("thawed");
        await fleet.WholeAsync(fleet.Members);
        await held.EchoAsync("a member again");
        Assert.Contains("No longer one of the fleet", frozen.Log, StringComparison.Ordinal);
        fleet.AssertResumes(others[0], frozen);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Both_sides_of_a_split_serve_and_it_heals(bool isOldest)
    {
        await using var fleet = await TestFleet.StartAsync(3);
        var alone = await fleet.PickAsync(isOldest);
        var others = fleet.Members.Where(one => one != alone).ToArray();
        await using var here = await EchoClient.ConnectAsync(alone.Clients);
        await using var there = await EchoClient.ConnectAsync(others[0].Clients);
        TestFleet.Cut(alone);
        await fleet.WholeAsync(others);
        await TestFleet.UntilAsync(async () => await StandingAsync(alone) != "member", "the lone one knows that it lost the others");
        await here.EchoAsync("alone");
        await there.EchoAsync("the others");
        await using (var fresh = await EchoClient.ConnectAsync(alone.Clients))
        {
            await fresh.EchoAsync("new, alone");
        }
        // Neither side has changed its keys: a session goes over although members do not.
        fleet.AssertResumes(alone, others[0]);
        Assert.Equal("ready", await alone.ReadinessAsync());
        TestFleet.Heal(alone);
        await fleet.WholeAsync(fleet.Members);
        await here.EchoAsync("healed");
        await there.EchoAsync("healed");
        fleet.AssertResumes(others[1], alone);
    }

    /// <summary>Whoever makes the keys is lost twice, in two ways, and three go on.</summary>
    [Fact]
    public async Task Of_five_the_oldest_is_killed_and_the_next_frozen_and_all_come_back()
    {
        await using var fleet = await TestFleet.StartAsync(5);
        var killed = await fleet.OldestAsync();
        var four = fleet.Members.Where(one => one != killed).ToArray();
        await using ManyClients held = new();
        await ConnectAsync(held, four);
        killed.Signal("KILL");
        await killed.ExitAsync();
        await held.EchoAsync();
        await AssertServeAsync(four);
        await fleet.WholeAsync(four);

        var frozen = await fleet.OldestAsync();
        Assert.Contains(frozen, four);
        var three = four.Where(one => one != frozen).ToArray();
        await using ManyClients others = new();
        await ConnectAsync(others, three);
        frozen.Signal("STOP");
        await others.EchoAsync();
        await AssertServeAsync(three);
        await fleet.WholeAsync(three);
        fleet.AssertResumes(three[0], three[1]);
        await others.EchoAsync();

        frozen.Signal("CONT");
        killed.Start();
        await fleet.WholeAsync(fleet.Members);
        // Those of the frozen one too.
        await held.EchoAsync();
        await others.EchoAsync();
        await AssertServeAsync(fleet.Members);
        fleet.AssertResumes(three[2], killed);
        fleet.AssertResumes(killed, frozen);
    }

    private static async Task ConnectAsync(ManyClients clients, Member[] members)
    {
        foreach (var member in members)
        {
            await clients.AddAsync(member.Clients, 5);
        }
        await clients.EchoAsync();
    }

    private static async Task AssertServeAsync(Member[] members)
    {
        await using ManyClients fresh = new();
        await ConnectAsync(fresh, members);
    }

    private static async Task<string?> StandingAsync(Member member) =>
        await member.FleetAsync() is { } fleet ? TestFleet.Text(fleet, "standing") : null;
}
