using System.Collections.Concurrent;
using TlsGateway.Fleet.SharedWork;
using TlsGateway.Fleet.Tests.Support;

namespace TlsGateway.Fleet.Tests.SharedWork;

/// <summary>Work among whole members.</summary>
public sealed class WorkSharingTests
{
    private static readonly string[] Works = [.. Enumerable.Range(0, 60).Select(static i => $"{i:x64}")];

    [Fact]
    public async Task One_does_it_and_the_others_hear_of_it()
    {
        await using TestFleet fleet = new(3);
        ConcurrentQueue<(int By, string Member, HealthReport Report)> heard = [];
        ConcurrentQueue<(int By, StapleReport Report)> staples = [];
        for (var i = 0; i < 3; i++)
        {
            var by = i;
            fleet.Works[i].HealthHeard = (member, report) => heard.Enqueue((by, member, report));
            fleet.Works[i].StapleHeard = (_, report) => staples.Enqueue((by, report));
        }
        // Without a fleet each does all.
        Assert.All(fleet.Works, static work => Assert.True(Array.TrueForAll(Works, work.View.Does)));
        await FormAsync(fleet);
        Assert.All(fleet.Works, static work => Assert.InRange(Works.Count(work.View.Does), 5, 40));
        Assert.Equal(Works.Length, fleet.Works.Sum(static work => Works.Count(work.View.Does)));

        var owner = Array.FindIndex(fleet.Works, static work => work.View.Does(Works[0]));
        // Until both are subscribed it is told again, as it is in truth.
        await TestFleet.UntilAsync(
            () =>
            {
                fleet.Works[owner].TellHealth(Works[0], passed: false, "connection refused", isDown: true, inARow: 3);
                fleet.Works[owner].TellStaple(Works[1], [1, 2, 3]);
                return heard.Select(static one => one.By).Distinct().Count() == 2
                    && staples.Select(static one => one.By).Distinct().Count() == 2;
            },
            "both others hear of it"
        );
        Assert.All(
            heard,
            one =>
            {
                Assert.NotEqual(owner, one.By);
                Assert.Equal(fleet.Addresses[owner].ToString(), one.Member);
                Assert.Equal((Works[0], false, "connection refused", true, 3), Of(one.Report));
            }
        );
        Assert.All(staples, static one => Assert.Equal([1, 2, 3], one.Report.Response));

        // What another says of it does not count with the one that does it, nor with those before the other.
        heard.Clear();
        var order = Enumerable.Range(0, 3).OrderBy(i => fleet.Works[i].View.RankOf(Works[0])).ToArray();
        await TestFleet.UntilAsync(
            () =>
            {
                fleet.Works[order[1]].TellHealth(Works[0], passed: true, "passed", isDown: false, inARow: 1);
                return heard.Any(one => one.By == order[2] && one.Report.Passed);
            },
            "the last in order hears the second"
        );
        Assert.DoesNotContain(heard, one => one.Report.Passed && one.By != order[2]);

        static (string, bool, string, bool, int) Of(HealthReport one) => (one.Work, one.Passed, one.Detail, one.IsDown, one.InARow);
    }

    [Fact]
    public async Task When_one_leaves_the_others_do_its_work()
    {
        await using TestFleet fleet = new(3);
        await FormAsync(fleet);
        var before = Works.ToDictionary(static work => work, work => fleet.Works[0].View.OwnerOf(work)!, StringComparer.Ordinal);
        var arrivals = fleet.Works[1].Arrivals;
        await fleet.Nodes[2].DisposeAsync();
        var gone = fleet.Addresses[2].ToString();
        await TestFleet.UntilAsync(() => Array.TrueForAll(fleet.Works[..2], static one => one.View.Doers.Count == 2), "two are left");
        Assert.All(
            Works,
            work =>
            {
                var now = Assert.Single(fleet.Works[..2], one => one.View.Does(work)).View.OwnerOf(work)!;
                Assert.True(before[work] == now || before[work] == gone, "work moved that need not");
            }
        );
        // Who is out does all for itself.
        Assert.True(Array.TrueForAll(Works, fleet.Works[2].View.Does));
        Assert.Equal(arrivals, fleet.Works[1].Arrivals);
    }

    [Fact]
    public async Task Who_drains_hands_its_work_over()
    {
        await using TestFleet fleet = new(3);
        await FormAsync(fleet);
        fleet.Hosts[1].IsDraining = true;
        await TestFleet.UntilAsync(() => Array.TrueForAll(fleet.Works, static one => one.View.Doers.Count == 2), "all know that it drains");
        Assert.DoesNotContain(Works, fleet.Works[1].View.Does);
        Assert.All(Works, work => Assert.Single(fleet.Works, one => one.View.Does(work)));
        var arrivals = fleet.Works[0].Arrivals;
        fleet.Hosts[1].IsDraining = false;
        await TestFleet.UntilAsync(() => Array.TrueForAll(fleet.Works, static one => one.View.Doers.Count == 3), "it is back");
        Assert.Equal(arrivals + 1, fleet.Works[0].Arrivals);
    }

    [Fact]
    public async Task Turned_off_each_does_its_own()
    {
        await using TestFleet fleet = new(2);
        await FormAsync(fleet);
        fleet.Nodes[1].Use(fleet.Settings(1) with { SharesChecks = false });
        await TestFleet.UntilAsync(
            () => fleet.Nodes[1].Begun == 2 && fleet.Nodes[0].Current.Members.Count(static one => one.Status == "up") == 2,
            "it is back without"
        );
        Assert.True(Array.TrueForAll(Works, fleet.Works[1].View.Does));
    }

    private static async Task FormAsync(TestFleet fleet)
    {
        await fleet.FormAsync();
        await TestFleet.UntilAsync(
            () => Array.TrueForAll(fleet.Works, work => work.View.Doers.Count == fleet.Nodes.Length),
            "all share work"
        );
    }
}
