using System.Net;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Health;
using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Tests.Balancing;

/// <summary>When an endpoint goes down, is taken out, and comes back.</summary>
public sealed class EndpointHealthTests
{
    private const long Second = 1_000_000_000;

    private static readonly HealthCheckSettings Checks = new()
    {
        Kind = HealthCheckKind.Tcp,
        Rise = 2,
        Fall = 3,
    };
    private static readonly OutlierSettings Outliers = new()
    {
        Failures = 5,
        Time = TimeSpan.FromSeconds(10),
        MaximumTime = TimeSpan.FromSeconds(60),
        MaximumShare = 50,
    };

    private readonly Endpoint _endpoint = new(new IPEndPoint(IPAddress.Loopback, 1));
    private readonly EndpointHealth _health;

    public EndpointHealthTests() => _health = new EndpointHealth(_endpoint);

    [Theory]
    [InlineData("+++", "uuu")]
    // The first check decides alone: nothing is known that speaks against it.
    [InlineData("-+-++", "ddddu")]
    [InlineData("+--+---", "uuuuuud")]
    [InlineData("+---+-++", "uuuddddu")]
    public void Rise_and_fall_count_checks_in_a_row(string checks, string expected)
    {
        var seen = "";
        foreach (var check in checks)
        {
            var wasDown = _endpoint.IsDown;
            Assert.Equal(_health.Checked(check == '+', Checks), wasDown != _endpoint.IsDown);
            seen += _endpoint.IsDown ? 'd' : 'u';
        }

        Assert.Equal(expected, seen);
    }

    [Fact]
    public void Each_time_out_is_twice_as_long_up_to_the_longest()
    {
        double[] times =
        [
            .. Enumerable
                .Range(0, 5)
                .Select(_ =>
                {
                    var time = _health.Eject(Outliers, outOfUse: 0, all: 2, now: 0)!.Value;
                    Assert.Equal(Circuit.Open, _endpoint.Circuit);
                    _health.TimeOver();
                    Assert.Equal(Circuit.HalfOpen, _endpoint.Circuit);
                    return time.TotalSeconds;
                }),
        ];
        Assert.Equal([10, 20, 40, 60, 60], times);
    }

    [Fact]
    public void One_that_served_for_longer_than_it_was_out_begins_anew()
    {
        Assert.Equal(10, _health.Eject(Outliers, 0, 2, now: 0)!.Value.TotalSeconds);
        _health.TimeOver();
        Assert.True(_health.Back(now: 10 * Second));
        Assert.Equal(20, _health.Eject(Outliers, 0, 2, now: 11 * Second)!.Value.TotalSeconds);
        _health.TimeOver();
        Assert.True(_health.Back(now: 31 * Second));
        Assert.Equal(10, _health.Eject(Outliers, 0, 2, now: 52 * Second)!.Value.TotalSeconds);
    }

    [Theory]
    [InlineData(0, 1, false)]
    [InlineData(0, 2, true)]
    [InlineData(1, 2, false)]
    [InlineData(0, 3, true)]
    [InlineData(1, 3, false)]
    [InlineData(4, 10, true)]
    [InlineData(5, 10, false)]
    public void No_more_than_the_share_is_out(int outOfUse, int all, bool expected)
    {
        Assert.Equal(expected, _health.Eject(Outliers, outOfUse, all, now: 0) is not null);
        Assert.Equal(expected ? Circuit.Open : Circuit.Closed, _endpoint.Circuit);
    }

    [Fact]
    public void What_is_out_is_not_taken_out_again_and_nothing_is_when_it_is_off()
    {
        Assert.NotNull(_health.Eject(Outliers, 0, 2, now: 0));
        Assert.Null(_health.Eject(Outliers, 0, 2, now: 0));
        Assert.Null(new EndpointHealth(new Endpoint(new IPEndPoint(IPAddress.Loopback, 2))).Eject(Outliers with { Failures = 0 }, 0, 2, 0));
    }
}
