using TlsGateway.Fleet.Balancing;

namespace TlsGateway.Fleet.Tests.Balancing;

public sealed class RelayShareTests
{
    private static readonly RelayingSettings Settings = new(new("10.0.0.1", 4054), Ratio: 1.25, Minimum: 50);

    [Fact]
    public void A_member_that_is_near_the_average_serves_all_itself()
    {
        RelayShare share = new(Settings);
        Assert.Equal(0, share.Next(110, [100, 95]));
        Assert.Equal(0, share.Next(120, [100, 95]));
    }

    [Fact]
    public void A_member_with_little_to_do_serves_all_itself() => Assert.Equal(0, new RelayShare(Settings).Next(49, [0, 0]));

    [Fact]
    public void Without_others_nothing_is_handed_over()
    {
        RelayShare share = new(Settings);
        Assert.True(share.Next(1000, [0, 0]) > 0);
        Assert.Equal(0, share.Next(1000, []));
    }

    [Fact]
    public void It_goes_on_between_the_ratio_and_the_average_and_ends_near_the_average()
    {
        RelayShare share = new(Settings);
        var begun = share.Next(1000, [100, 100]);
        Assert.True(begun > 0);
        // Above the average by less than it takes to begin.
        Assert.Equal(begun, share.Next(115, [100, 100]));
        Assert.True(share.Next(100, [100, 100]) < begun);
        for (var look = 0; look < 200; look++)
        {
            share.Next(100, [100, 100]);
        }
        Assert.Equal(0, share.Current);
    }

    /// <summary>All clients come to one member, and connections live for a time: the members' loads come together and stay so.</summary>
    [Theory]
    [InlineData(3, 5)]
    [InlineData(3, 120)]
    [InlineData(5, 30)]
    [InlineData(10, 60)]
    public void Skewed_arrivals_are_levelled_within_the_ratio(int members, int lifetimeSeconds)
    {
        const double ArrivalsPerSecond = 300;
        RelayShare share = new(Settings);
        var loads = new double[members];
        var worst = 0.0;
        for (var second = 0; second < 12 * lifetimeSeconds + 120; second++)
        {
            // What is known is a second old.
            var handed = share.Next(loads[0], loads[1..]) * ArrivalsPerSecond;
            for (var member = 0; member < members; member++)
            {
                loads[member] -= loads[member] / lifetimeSeconds;
                loads[member] += member == 0 ? ArrivalsPerSecond - handed : handed / (members - 1);
            }
            if (second > 8 * lifetimeSeconds + 60)
            {
                worst = Math.Max(worst, loads.Max() / loads.Average());
            }
        }
        Assert.True(worst < 1.35, $"{worst:0.00} times the average");
    }

    [Fact]
    public void When_the_excess_goes_so_does_the_share()
    {
        RelayShare share = new(Settings);
        for (var look = 0; look < 20; look++)
        {
            share.Next(1000, [10, 10]);
        }
        Assert.Equal(RelayShare.Most, share.Current);
        for (var look = 0; look < 12; look++)
        {
            share.Next(10, [500, 500]);
        }
        Assert.Equal(0, share.Current);
    }
}
