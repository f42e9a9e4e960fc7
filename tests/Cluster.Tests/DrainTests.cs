using TlsGateway.Cluster.Tests.Support;
using TestFleet = TlsGateway.Cluster.Tests.Support.TestFleet;

namespace TlsGateway.Cluster.Tests;

/// <summary>A member that ends, as the others and its clients see it.</summary>
public sealed class DrainTests
{
    private const int Idle = 200;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_member_that_drains_lets_go_of_idle_clients_bit_by_bit_and_the_others_see_how_far_it_is(bool relays)
    {
        await using var fleet = await TestFleet.StartAsync(3, relays ? "  relay: { minimum: 40, excess: 25 }" : "");
        var (draining, other) = (fleet.Members[1], fleet.Members[0]);
        await using var idle = relays ? await RelayTests.SkewAsync(fleet, draining, Idle) : new ManyClients();
        if (!relays)
        {
            await idle.AddAsync(draining.Clients, Idle);
        }
        await using var active = await EchoClient.ConnectAsync(draining.Clients);
        await active.EchoAsync("before");
        var relayed = (int)await draining.SumAsync("gateway_relay_active_connections");
        Assert.True(relays ? relayed >= 10 : relayed == 0, $"{relayed} are relayed");
        var ends = idle.EndWithGatewayAsync();
        draining.Signal("TERM");

        // Unready at once, and for the grace new clients are served.
        await TestFleet.UntilAsync(async () => await draining.ReadinessAsync() == "draining", "it says so");
        await using (var late = await EchoClient.ConnectAsync(draining.Clients))
        {
            await late.EchoAsync("in the grace");
            await late.CloseAsync();
        }
        List<long> left = [];
        HashSet<long> own = [];
        HashSet<double> relaying = [];
        await TestFleet.UntilAsync(
            async () =>
            {
                await active.EchoAsync("still");
                // Its own account is of this moment, the others' of when they last heard.
                own.Add((await TestFleet.ConnectionsAsync(draining))[0]);
                relaying.Add(await draining.SumAsync("gateway_relay_active_connections"));
                if (await DrainOfAsync(other, draining) is { } drain)
                {
                    Assert.True(drain.AtMost >= drain.Estimate);
                    left.Add(drain.Left);
                }
                return left.Count > 0 && left[^1] <= Idle / 2;
            },
            "the idle ones go",
            () => string.Join(", ", left)
        );
        // All were there when the drain began; they went a few at a time, whoever served them, and the one with something to say stayed.
        Assert.InRange(left[0], Idle, Idle + 2);
        Assert.True(own.Count > 3, string.Join(", ", own));
        Assert.True(relaying.Count > (relays ? 3 : 0), string.Join(", ", relaying));
        Assert.True(left.Zip(left.Skip(1)).All(static pair => pair.First >= pair.Second), string.Join(", ", left));
        await ends;
        await active.ExpectEndAsync();
        Assert.Equal(0, await draining.ExitAsync());
        Assert.DoesNotContain("still open", draining.Log, StringComparison.Ordinal);
        await fleet.WholeAsync(other, fleet.Members[2]);
    }

    private static async Task<(long Left, double Estimate, double AtMost)?> DrainOfAsync(Member asked, Member about)
    {
        if (await asked.FleetAsync() is not { } fleet)
        {
            return null;
        }
        var member = fleet
            .GetProperty("members")
            .EnumerateArray()
            .FirstOrDefault(one => TestFleet.Text(one, "address") == $"{about.Address}:4053");
        return
            member.ValueKind == System.Text.Json.JsonValueKind.Object
            && member.TryGetProperty("drain", out var drain)
            && drain.ValueKind == System.Text.Json.JsonValueKind.Object
            ? (
                drain.GetProperty("left").GetInt64(),
                drain.GetProperty("estimateSeconds").GetDouble(),
                drain.GetProperty("atMostSeconds").GetDouble()
            )
            : null;
    }
}
