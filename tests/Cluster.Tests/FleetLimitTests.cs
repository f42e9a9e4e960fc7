using System.Text.Json;
using TlsGateway.Cluster.Tests.Support;
using TestFleet = TlsGateway.Cluster.Tests.Support.TestFleet;

namespace TlsGateway.Cluster.Tests;

/// <summary>One client network at three members at once, which have a limit for it together.</summary>
public sealed class FleetLimitTests
{
    private const int Limit = 60;

    /// <summary>So many come at each member before all know of them.</summary>
    private const int AtOnce = 7;

    /// <summary>From how many on a member tells of a network: an eighth of its share (docs/LIMITS.md).</summary>
    private const int LeastTold = 2;

    [Fact]
    public async Task A_client_network_is_held_at_the_fleets_limit_and_another_is_served()
    {
        await using var fleet = await TestFleet.StartAsync(3, cluster: $"  clientLimits: {{ connections: {Limit} }}");
        var held = fleet.Members.ToDictionary(static one => one, static _ => new List<EchoClient>());
        try
        {
            for (var admitted = true; admitted; )
            {
                admitted = false;
                foreach (var member in fleet.Members)
                {
                    for (var i = 0; i < AtOnce; i++)
                    {
                        if (await EchoClient.TryConnectAsync(member.Clients) is { } client)
                        {
                            held[member].Add(client);
                            admitted = true;
                        }
                    }
                }
                await ToldAsync(fleet.Members, held);
            }
            // What comes at the two others before it is told may be too many.
            Assert.InRange(held.Values.Sum(static one => one.Count), Limit, Limit + (2 * AtOnce));
            foreach (var member in fleet.Members)
            {
                await using var other = await EchoClient.ConnectAsync(member.Clients, TestFleet.OtherClient);
                await other.EchoAsync("another network is served");
                Assert.True(await RefusedAsync(member, "fleet_client_too_many_connections") >= 1, member.Log);
            }

            // What ends at one member makes room at another.
            await EndAsync(held[fleet.Members[0]]);
            await AdmitsAsync(fleet.Members[1], held);
            // A member that is killed takes its connections along, and its part of the limit; nothing waits for it.
            fleet.Members[2].Signal("KILL");
            await fleet.Members[2].ExitAsync();
            await EndAsync(held[fleet.Members[2]]);
            await ToldAsync([fleet.Members[0], fleet.Members[1]], held);
            for (var i = 0; i < Limit / 3; i++)
            {
                await AdmitsAsync(fleet.Members[0], held);
            }
        }
        finally
        {
            foreach (var clients in held.Values)
            {
                await EndAsync(clients);
            }
        }
    }

    /// <summary>Full handshakes at three members: what is over the rate in a second is paid off in the next ones.</summary>
    [Fact]
    public async Task The_handshake_rate_of_a_client_network_holds_for_all_members_together()
    {
        const int Rate = 10;
        const int Rounds = 40;
        await using var fleet = await TestFleet.StartAsync(3, cluster: $"  clientLimits: {{ handshakeRate: {Rate} }}");
        // Those at one member, all of a burst, are paid off at the other two as well.
        var burst = await HandshakesAsync(fleet.Members[0], Rounds);
        Assert.InRange(burst, Rate, Rounds);
        await TestFleet.UntilAsync(
            async () => await HandshakesAsync(fleet.Members[1], 1) == 0 && await HandshakesAsync(fleet.Members[2], 1) == 0,
            "others know of them"
        );
        await using (var other = await EchoClient.ConnectAsync(fleet.Members[1].Clients, TestFleet.OtherClient, resumes: false))
        {
            await other.EchoAsync("another network has its own rate");
        }
        Assert.True(await RefusedAsync(fleet.Members[1], "fleet_client_handshake_rate_exceeded") >= 1);
        await TestFleet.UntilAsync(async () => await HandshakesAsync(fleet.Members[1], 1) == 1, "all is paid off");
    }

    private static async Task<int> HandshakesAsync(Member member, int attempts)
    {
        var done = 0;
        for (var i = 0; i < attempts; i++)
        {
            if (await EchoClient.TryConnectAsync(member.Clients) is { } client)
            {
                await client.DisposeAsync();
                done++;
            }
        }
        return done;
    }

    private static async Task AdmitsAsync(Member member, Dictionary<Member, List<EchoClient>> held) =>
        await TestFleet.UntilAsync(
            async () =>
            {
                if (await EchoClient.TryConnectAsync(member.Clients) is not { } client)
                {
                    return false;
                }
                held[member].Add(client);
                return true;
            },
            "there is room",
            () => member.Log
        );

    /// <summary>Every member knows what the others have.</summary>
    private static async Task ToldAsync(Member[] members, Dictionary<Member, List<EchoClient>> held) =>
        await TestFleet.UntilAsync(
            async () =>
            {
                foreach (var member in members)
                {
                    var others = members
                        .Where(one => one != member)
                        .Select(one => held[one].Count)
                        .Where(static count => count >= LeastTold);
                    if (
                        await FleetOfAsync(member) is not { } limits
                        || limits.GetProperty("connectionsElsewhere").GetInt64() != others.Sum()
                    )
                    {
                        return false;
                    }
                }
                return true;
            },
            "all know of all",
            () => string.Join(", ", members.Select(one => $"{one.Address}: {held[one].Count}"))
        );

    private static async Task<long> RefusedAsync(Member member, string reason) =>
        (await FleetOfAsync(member))!.Value.GetProperty("refused").GetProperty(reason).GetInt64();

    private static async Task<JsonElement?> FleetOfAsync(Member member) =>
        await member.GetAsync("/limits") is { } limits ? limits.GetProperty("fleet") : null;

    private static async Task EndAsync(List<EchoClient> clients)
    {
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }
        clients.Clear();
    }
}
