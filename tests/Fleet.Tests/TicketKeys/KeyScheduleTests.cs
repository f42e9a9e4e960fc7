using CsCheck;
using TlsGateway.Fleet.TicketKeys;
using TlsGateway.Tests;

namespace TlsGateway.Fleet.Tests.TicketKeys;

public sealed class KeyScheduleTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly KeySchedule Schedule = new(TimeSpan.FromHours(12), Keep: 1);

    [Fact]
    public void The_first_key_seals_when_all_have_it()
    {
        var first = Schedule.Next(null, null, Start, allHave: false)!;
        Assert.Equal((1, null, true), (first.Version, first.Sealing, first.HasPending));
        Assert.Null(Schedule.Next(first, null, Start, allHave: false));
        var second = Schedule.Next(first, null, Start, allHave: true)!;
        Assert.Equal((2, first.Keys[0], false), (second.Version, second.Sealing, second.HasPending));
    }

    [Fact]
    public void A_fleet_that_begins_anew_goes_on_with_the_key_of_before()
    {
        var before = Schedule.Next(null, null, Start, allHave: true)!.Keys[0];
        Assert.Same(before, Schedule.Next(null, before, Start.AddHours(1), allHave: false)!.Keys[0]);
    }

    [Fact]
    public void A_clock_that_went_back_does_not_keep_a_key_for_ever()
    {
        var set = Settle(Start);
        Assert.Null(Schedule.Next(set, null, Start.AddHours(-1), allHave: true));
        Assert.NotNull(Schedule.Next(set, null, Start.AddHours(-13), allHave: true));
    }

    /// <summary>Whatever members have when: what seals was known to all before, a key that sealed opens for as many rotations as set, and nothing is older.</summary>
    [Fact]
    public void Whatever_happens_what_seals_was_known_to_all_before()
    {
        Seeded.ForAll(
            Gen.Select(Gen.Int[0, 30], Gen.Bool).Array[1, 60].Select(Gen.Int[0, 5], static (steps, keep) => (steps, keep)),
            300,
            seed: 6,
            static input =>
            {
                KeySchedule schedule = new(TimeSpan.FromHours(12), input.keep);
                var (now, set) = (Start, schedule.Next(null, null, Start, allHave: false)!);
                List<FleetKey> sealedWith = [];
                foreach (var (hours, allHave) in input.steps)
                {
                    now = now.AddHours(hours);
                    var next = schedule.Next(set, null, now, allHave);
                    if (next is null)
                    {
                        continue;
                    }
                    Assert.Equal(set.Version + 1, next.Version);
                    if (next.Sealing is { } sealing && sealing != set.Sealing)
                    {
                        Assert.True(allHave, "it seals before all have it");
                        Assert.Contains(sealing, set.Keys);
                        sealedWith.Add(sealing);
                    }
                    foreach (var recent in sealedWith.TakeLast(1 + input.keep))
                    {
                        Assert.Contains(recent, next.Keys);
                    }
                    Assert.InRange(next.Keys.Count, 1, Math.Min(8, input.keep + 2));
                    set = next;
                }
            }
        );
    }

    private static FleetKeySet Settle(DateTimeOffset now) => Schedule.Next(Schedule.Next(null, null, now, false), null, now, true)!;
}
