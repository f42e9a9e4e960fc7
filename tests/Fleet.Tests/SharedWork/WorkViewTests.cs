using System.Globalization;
using CsCheck;
using TlsGateway.Fleet.Membership;
using TlsGateway.Fleet.Protocol;
using TlsGateway.Fleet.SharedWork;
using TlsGateway.Tests;

namespace TlsGateway.Fleet.Tests.SharedWork;

/// <summary>Who does what for all.</summary>
public sealed class WorkViewTests
{
    private static readonly string[] Works = [.. Enumerable.Range(0, 3000).Select(static i => $"work-{i}")];

    [Fact]
    public void Members_do_about_as_much_as_each_other()
    {
        var views = Views("a:1", "b:1", "c:1", "d:1", "e:1");
        Assert.All(views.Values, static view => Assert.InRange(Works.Count(view.Does), 480, 720));
    }

    [Fact]
    public void When_one_goes_its_work_alone_moves_and_to_all_the_others()
    {
        var all = Views("a:1", "b:1", "c:1", "d:1")["a:1"];
        var left = Views("a:1", "b:1", "d:1")["a:1"];
        var moved = Works.Where(work => all.OwnerOf(work) != left.OwnerOf(work)).ToList();
        Assert.Equal(Works.Where(work => all.OwnerOf(work) == "c:1"), moved);
        Assert.Equal(["a:1", "b:1", "d:1"], moved.Select(left.OwnerOf).Distinct().Order());
    }

    [Fact]
    public void Whoever_sees_the_same_agrees()
    {
        Seeded.ForAll(
            Gen.Select(Gen.Int[1, 60].Array[1, 8], Gen.String[Gen.Char.AlphaNumeric, 0, 70]),
            300,
            seed: 11,
            static input =>
            {
                var (numbers, work) = input;
                string[] members =
                [
                    .. numbers.Append(0).Distinct().Select(static one => string.Create(CultureInfo.InvariantCulture, $"gw-{one}:4053")),
                ];
                var views = Views(members);
                // One does it, all know which, and all others stand behind it in one order.
                var owner = Assert.Single(views, pair => pair.Value.Does(work)).Key;
                Assert.All(views.Values, view => Assert.Equal(owner, view.OwnerOf(work)));
                Assert.Equal(Enumerable.Range(0, members.Length), views.Values.Select(view => view.RankOf(work)).Order());
                Assert.All(views.Where(pair => pair.Key != owner), pair => Assert.True(pair.Value.Outranks(owner, work)));
            }
        );
    }

    [Fact]
    public void Who_drains_or_is_not_reached_or_not_up_does_nothing()
    {
        var view = WorkView.Of(
            Fleet(
                FleetStanding.Member,
                Member("a:1", isSelf: true),
                Member("b:1", isDraining: true),
                Member("c:1") with
                {
                    IsReachable = false,
                },
                Member("d:1") with
                {
                    Status = "leaving",
                },
                Member("e:1")
            )
        );
        Assert.Equal(["a:1", "e:1"], view.Doers);
        Assert.True(view.HasOthers);
        Assert.DoesNotContain("b:1", Works.Select(view.OwnerOf));
        Assert.DoesNotContain(Works, work => view.Outranks("c:1", work));
    }

    [Fact]
    public void Who_drains_leaves_it_to_the_others_unless_there_is_none()
    {
        var draining = WorkView.Of(Fleet(FleetStanding.Member, Member("a:1", isSelf: true, isDraining: true), Member("b:1")));
        Assert.DoesNotContain(Works, draining.Does);
        Assert.All(Works, work => Assert.True(draining.Outranks("b:1", work)));
        var all = WorkView.Of(Fleet(FleetStanding.Member, Member("a:1", true, true), Member("b:1", false, true)));
        Assert.All(Works, work => Assert.True(all.Does(work)));
    }

    [Theory]
    [InlineData(FleetStanding.Off)]
    [InlineData(FleetStanding.Joining)]
    [InlineData(FleetStanding.Lost)]
    [InlineData(FleetStanding.Leaving)]
    public void Who_is_no_member_does_everything(FleetStanding standing)
    {
        var view = WorkView.Of(Fleet(standing, Member("a:1", isSelf: true), Member("b:1")));
        Assert.True(Array.TrueForAll(Works, view.Does));
        Assert.False(view.HasOthers);
    }

    [Fact]
    public void The_only_member_that_is_reached_does_everything()
    {
        var view = WorkView.Of(Fleet(FleetStanding.Member, Member("a:1", isSelf: true), Member("b:1") with { IsReachable = false }));
        Assert.True(Array.TrueForAll(Works, view.Does));
    }

    private static Dictionary<string, WorkView> Views(params string[] members) =>
        members.ToDictionary(
            static self => self,
            self => WorkView.Of(Fleet(FleetStanding.Member, [.. members.Select(one => Member(one, isSelf: one == self))])),
            StringComparer.Ordinal
        );

    private static FleetSnapshot Fleet(FleetStanding standing, params MemberSnapshot[] members) => new(standing, default, members);

    private static MemberSnapshot Member(string address, bool isSelf = false, bool isDraining = false) =>
        new()
        {
            Address = address,
            Status = "up",
            IsReachable = true,
            IsSelf = isSelf,
            IsOldest = false,
            HeardAgo = TimeSpan.Zero,
            Load = new MemberLoad(
                new Akka.Cluster.UniqueAddress(new Akka.Actor.Address("akka", "fleet", "x", 1), 1),
                1,
                0,
                0,
                default,
                isDraining,
                0,
                default
            ),
            Details = null,
        };
}
