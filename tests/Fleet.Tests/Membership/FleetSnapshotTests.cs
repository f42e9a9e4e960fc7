using TlsGateway.Fleet.Membership;
using TlsGateway.Fleet.Protocol;

namespace TlsGateway.Fleet.Tests.Membership;

public sealed class FleetSnapshotTests
{
    [Fact]
    public void Members_that_say_the_same_agree() => Assert.Empty(Fleet(Member("a"), Member("b")).Disagreements);

    [Fact]
    public void What_differs_is_said_with_who_has_what()
    {
        var fleet = Fleet(Member("a"), Member("b", digest: "other"), Member("c", serial: "0C", version: "2"));
        Assert.Equal(
            [
                "Configurations differ: same on a, c; other on b.",
                "Versions differ: 1 on a, b; 2 on c.",
                "Certificates of listener https differ: 0A on a, b; 0C on c.",
            ],
            fleet.Disagreements
        );
    }

    [Fact]
    public void Who_is_not_reached_or_not_up_does_not_count() =>
        Assert.Empty(
            Fleet(
                Member("a"),
                Member("b", digest: "other") with
                {
                    IsReachable = false,
                },
                Member("c", digest: "x") with
                {
                    Status = "joining",
                }
            ).Disagreements
        );

    [Theory]
    [InlineData(100, 50, 10, 50, 10)]
    [InlineData(100, 100, 10, 50, 50)]
    [InlineData(100, 90, 10, 50, 50)]
    [InlineData(100, 0, 10, 50, 0)]
    public void A_drain_is_estimated_by_its_rate_and_its_end(long atStart, long left, int since, int atMost, int estimate) =>
        Assert.Equal(
            TimeSpan.FromSeconds(estimate),
            new DrainProgress(atStart, left, TimeSpan.FromSeconds(since), TimeSpan.FromSeconds(atMost)).Estimate
        );

    private static FleetSnapshot Fleet(params MemberSnapshot[] members) => new(FleetStanding.Member, default, members);

    private static MemberSnapshot Member(string name, string digest = "same", string serial = "0A", string version = "1") =>
        new()
        {
            Address = name,
            Status = "up",
            IsReachable = true,
            IsSelf = false,
            IsOldest = false,
            HeardAgo = TimeSpan.Zero,
            Load = null,
            Details = new LocalDetails
            {
                Name = name,
                Version = version,
                Phase = "ready",
                ConfigurationDigest = digest,
                Certificates = [new MemberCertificate("https", "www", serial, default)],
            },
        };
}
