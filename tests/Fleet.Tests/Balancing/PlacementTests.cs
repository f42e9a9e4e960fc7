using System.Net;
using TlsGateway.Fleet.Balancing;

namespace TlsGateway.Fleet.Tests.Balancing;

public sealed class PlacementTests
{
    private static readonly IPEndPoint Port = new(IPAddress.Loopback, 4054);

    [Fact]
    public void Its_share_of_connections_is_handed_over_evenly_as_long_as_others_take_them()
    {
        Placement placement = new();
        placement.Use(0.25, oldest: 0);
        placement.Add(new Grant("one", Port, 10, 1));
        placement.Add(new Grant("other", Port, 10, 1));
        var taken = Enumerable.Range(0, 100).Select(_ => placement.Take()?.Member).ToList();
        Assert.Equal(20, taken.Count(static member => member is not null));
        // Each fourth, to both by turns, until what was granted is used up.
        Assert.Equal(10, taken.Count(static member => member == "one"));
        Assert.All(Enumerable.Range(0, 80), i => Assert.Equal(i % 4 == 3, taken[i] is not null));
        Assert.Equal(100, placement.Arrivals);
    }

    [Fact]
    public void What_was_granted_some_looks_ago_is_worth_nothing()
    {
        Placement placement = new();
        placement.Use(1, oldest: 0);
        placement.Add(new Grant("one", Port, 10, number: 1));
        placement.Add(new Grant("other", Port, 10, number: 2));
        placement.Use(1, oldest: 2);
        Assert.Equal(10, Enumerable.Range(0, 20).Count(_ => placement.Take() is { Member: "other" }));
        placement.Use(1, oldest: 0);
        Assert.Null(placement.Take());
    }

    [Fact]
    public void Nothing_is_handed_over_without_a_share_or_a_grant()
    {
        Placement placement = new();
        placement.Add(new Grant("one", Port, 10, 1));
        Assert.Null(placement.Take());
        placement.Use(1, oldest: 0);
        Assert.NotNull(placement.Take());
        placement.Clear();
        Assert.Null(placement.Take());
    }

    [Fact]
    public void Asking_allocates_nothing()
    {
        Placement placement = new();
        placement.Use(0.5, oldest: 0);
        placement.Add(new Grant("one", Port, 5000, 1));
        placement.Take();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var time = 0; time < 1000; time++)
        {
            placement.Take();
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public async Task A_grant_is_not_taken_more_often_than_it_says()
    {
        Placement placement = new();
        placement.Use(1, oldest: 0);
        placement.Add(new Grant("one", Port, 1000, 1));
        var taken = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => Task.Run(() => Enumerable.Range(0, 1000).Count(_ => placement.Take() is not null)))
        );
        Assert.Equal(1000, taken.Sum());
    }
}
