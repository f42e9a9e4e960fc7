using System.Diagnostics;
using System.Globalization;
using TlsGateway.Cluster.Tests.Support;
using TestFleet = TlsGateway.Cluster.Tests.Support.TestFleet;

namespace TlsGateway.Cluster.Tests;

/// <summary>Measures by how much more than a fleet's limit is let in: the tables of docs/LIMITS.md. Built only with -p:Measurements=true, since what they say depends on the machine.</summary>
public sealed class FleetLimitErrorTests(ITestOutputHelper output)
{
    private const int Members = 3;

    [Fact]
    public async Task Connections_over_the_limit_at_several_rates()
    {
        const int Limit = 60;
        const int Runs = 3;
        await using var fleet = await TestFleet.StartAsync(Members, cluster: $"  clientLimits: {{ connections: {Limit} }}");
        output.WriteLine("| arrivals a second | of them in an interval at the others | let in, of three runs | over the limit |");
        output.WriteLine("|---|---|---|---|");
        foreach (var rate in (int[])[10, 30, 60, 120, 240])
        {
            List<int> admitted = [];
            for (var run = 0; run < Runs; run++)
            {
                var clients = await ArriveAsync(fleet, rate, (2 * Limit) + (2 * rate));
                admitted.Add(clients.Count(static one => one is not null));
                foreach (var client in clients)
                {
                    await (client?.DisposeAsync() ?? ValueTask.CompletedTask);
                }
                await TestFleet.UntilAsync(async () => await IsEmptyAsync(fleet), "all have gone");
            }
            var others = rate * (Members - 1) / Members;
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {rate} | {others} | {string.Join(", ", admitted.Order())} | {admitted.Max() - Limit} |"
                )
            );
            Assert.InRange(admitted.Max(), Limit, Members * Limit);
        }
    }

    [Fact]
    public async Task Handshakes_over_the_rate_at_several_rates()
    {
        const int Rate = 20;
        const int Seconds = 20;
        await using var fleet = await TestFleet.StartAsync(Members, cluster: $"  clientLimits: {{ handshakeRate: {Rate} }}");
        output.WriteLine("| arrivals a second | made in the first second | in 20 s | a second, without the first two |");
        output.WriteLine("|---|---|---|---|");
        foreach (var rate in (int[])[15, 30, 60, 120])
        {
            var began = Stopwatch.GetTimestamp();
            List<Task<TimeSpan?>> arrivals = [];
            await EachAsync(rate, rate * Seconds, i => arrivals.Add(HandshakeAsync(fleet.Members[i % Members], began)));
            var made = (await Task.WhenAll(arrivals)).OfType<TimeSpan>().ToList();
            var settled = made.Count(static at => at.TotalSeconds > 2) / (Seconds - 2.0);
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {rate} | {made.Count(static at => at.TotalSeconds <= 1)} | {made.Count} | {settled:0.0} |"
                )
            );
            // All is paid off before the next.
            await EachAsync(1, 10, static _ => { });
        }
    }

    private static async Task<EchoClient?[]> ArriveAsync(TestFleet fleet, int rate, int count)
    {
        List<Task<EchoClient?>> arrivals = [];
        await EachAsync(rate, count, i => arrivals.Add(EchoClient.TryConnectAsync(fleet.Members[i % Members].Clients)));
        return await Task.WhenAll(arrivals);
    }

    /// <summary>Null: it was refused.</summary>
    private static async Task<TimeSpan?> HandshakeAsync(Member member, long began)
    {
        if (await EchoClient.TryConnectAsync(member.Clients) is not { } client)
        {
            return null;
        }
        var at = Stopwatch.GetElapsedTime(began);
        await client.DisposeAsync();
        return at;
    }

    /// <summary>Evenly, and caught up with when the machine was busy.</summary>
    private static async Task EachAsync(int rate, int count, Action<int> arrive)
    {
        var began = Stopwatch.GetTimestamp();
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(2));
        for (var i = 0; i < count; )
        {
            await timer.WaitForNextTickAsync();
            for (var due = Stopwatch.GetElapsedTime(began).TotalSeconds * rate; i < Math.Min(due, count); i++)
            {
                arrive(i);
            }
        }
    }

    private static async Task<bool> IsEmptyAsync(TestFleet fleet)
    {
        foreach (var member in fleet.Members)
        {
            if (
                await member.GetAsync("/limits") is not { } limits
                || limits.GetProperty("connections").GetProperty("used").GetInt64() > 0
                || limits.GetProperty("fleet").GetProperty("connectionsElsewhere").GetInt64() > 0
            )
            {
                return false;
            }
        }
        return true;
    }
}
