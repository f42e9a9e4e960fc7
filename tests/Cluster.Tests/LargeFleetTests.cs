using TlsGateway.Cluster.Tests.Support;
using TestFleet = TlsGateway.Cluster.Tests.Support.TestFleet;

namespace TlsGateway.Cluster.Tests;

/// <summary>Five members, and many connections.</summary>
public sealed class LargeFleetTests
{
    private const int Connections = 10_000;

    [Fact]
    public async Task Five_members_hold_ten_thousand_connections_change_their_keys_and_each_knows_of_all()
    {
        await using var fleet = await TestFleet.StartAsync(5, more: "ticketKeys: { rotateEvery: 1m }");
        var before = await VersionAsync(fleet.Members[0]);
        List<EchoClient> clients = [];
        try
        {
            foreach (var group in Enumerable.Range(0, Connections).Chunk(100))
            {
                clients.AddRange(
                    await Task.WhenAll(group.Select(i => EchoClient.ConnectAsync(fleet.Members[i % fleet.Members.Length].Clients)))
                );
            }
            await TestFleet.UntilAsync(async () => await SumAsync(fleet.Members[4]) == Connections, "one knows how many all have");
            // A new key comes while they are open, and sessions of before are resumed all the time.
            fleet.AssertResumes(fleet.Members[0], fleet.Members[3]);
            await TestFleet.UntilAsync(
                async () =>
                {
                    fleet.AssertResumes(fleet.Members[1], fleet.Members[2]);
                    return await VersionAsync(fleet.Members[0]) >= before + 2;
                },
                "a new key seals"
            );
            fleet.AssertResumes(fleet.Members[2], fleet.Members[4]);
            await Task.WhenAll(clients.Where(static (_, i) => i % 50 == 0).Select(static client => client.EchoAsync("still there")));
            await TestFleet.UntilAsync(async () => await SumAsync(fleet.Members[0]) == Connections, "none was lost");
        }
        finally
        {
            foreach (var client in clients)
            {
                await client.DisposeAsync();
            }
        }
    }

    private static async Task<long> SumAsync(Member member) =>
        await member.FleetAsync() is { } fleet ? TestFleet.Up(fleet).Sum(static one => one.GetProperty("connections").GetInt64()) : 0;

    private static async Task<long> VersionAsync(Member member) =>
        await member.FleetAsync() is { } fleet ? TestFleet.Up(fleet).Min(static one => one.GetProperty("ticketKeysVersion").GetInt64()) : 0;
}
