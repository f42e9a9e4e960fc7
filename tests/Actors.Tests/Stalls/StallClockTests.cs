using CsCheck;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tests;

namespace TlsGateway.Actors.Tests.Stalls;

public sealed class StallClockTests
{
    private static readonly StallKey ClientRead = new(StallOperation.Read, StallWant.Read, StallLeg.Downstream, StallCause.Client);
    private static readonly StallKey ClientWrite = new(StallOperation.Write, StallWant.Write, StallLeg.Downstream, StallCause.Client);
    private static readonly StallKey UpstreamWrite = new(StallOperation.Write, StallWant.Write, StallLeg.Upstream, StallCause.Upstream);
    private static readonly StallKey Self = new(StallOperation.Read, StallWant.Read, StallLeg.Downstream, StallCause.Self);
    private static readonly ulong Downstream = StallKey.LegMask(StallLeg.Downstream);
    private static readonly ulong Upstream = StallKey.LegMask(StallLeg.Upstream);

    [Fact]
    public void Every_key_keeps_its_four_dimensions()
    {
        var seen = new HashSet<byte>();
        foreach (var operation in Enum.GetValues<StallOperation>())
        foreach (var want in Enum.GetValues<StallWant>())
        foreach (var leg in Enum.GetValues<StallLeg>())
        foreach (var cause in Enum.GetValues<StallCause>())
        {
            var key = new StallKey(operation, want, leg, cause);
            Assert.Equal((operation, want, leg, cause), (key.Operation, key.Want, key.Leg, key.Cause));
            Assert.True(seen.Add(key.Index));
        }

        Assert.Equal(StallKey.Count, seen.Count);
    }

    [Fact]
    public void Time_is_charged_to_the_stall_that_began_first_and_passes_to_the_next_when_it_ends()
    {
        var totals = new StallTotals();
        var clock = new StallClock(totals);
        clock.Update(Downstream, ClientRead.Mask, 10);
        clock.Update(Upstream, UpstreamWrite.Mask, 15);
        clock.Update(Downstream, 0, 30);
        clock.Update(Upstream, 0, 50);
        Assert.Equal(20, totals.Nanos(ClientRead));
        Assert.Equal(20, totals.Nanos(UpstreamWrite));
        Assert.Equal(20, clock.NanosOf(StallCause.Client));
        Assert.Equal(20, clock.NanosOf(StallCause.Upstream));
        Assert.Equal(-1, clock.OldestSince);
    }

    [Fact]
    public void A_stall_that_is_the_consequence_of_another_is_charged_only_while_it_runs_alone()
    {
        var noCredit = new StallKey(StallOperation.Read, StallWant.Write, StallLeg.Upstream, StallCause.Client);
        var totals = new StallTotals();
        var clock = new StallClock(totals);
        clock.Update(Upstream, noCredit.Mask, 10);
        clock.Update(Downstream, ClientWrite.Mask, 15);
        Assert.Equal(ClientWrite, clock.Oldest);
        clock.Update(Downstream, 0, 50);
        clock.Update(Upstream, 0, 57);
        Assert.Equal(35, totals.Nanos(ClientWrite));
        Assert.Equal(5 + 7, totals.Nanos(noCredit));
    }

    [Fact]
    public void A_read_that_waits_for_room_is_no_consequence()
    {
        var readOnWrite = new StallKey(StallOperation.Read, StallWant.Write, StallLeg.Downstream, StallCause.Client);
        var noCredit = new StallKey(StallOperation.Read, StallWant.Write, StallLeg.Downstream, StallCause.Upstream);
        Assert.False(readOnWrite.IsConsequence);
        Assert.True(noCredit.IsConsequence);
    }

    [Fact]
    public void From_readiness_to_service_the_time_is_our_own()
    {
        var totals = new StallTotals();
        var clock = new StallClock(totals);
        clock.Update(Downstream, ClientRead.Mask, 100);
        clock.Serve(ClientRead.Mask, Self, readySince: 160, now: 200);
        Assert.Equal(60, totals.Nanos(ClientRead));
        Assert.Equal(40, totals.Nanos(Self));
        Assert.Equal(0UL, clock.Active);
    }

    [Fact]
    public void A_running_stall_shows_before_it_ends()
    {
        var totals = new StallTotals();
        var clock = new StallClock(totals);
        var other = new StallClock(totals);
        clock.Update(Downstream, ClientWrite.Mask, 0);
        other.Update(Downstream, ClientWrite.Mask, 500);
        Assert.Equal(2, totals.Stalled);
        totals.ChargeRunning(1000);
        Assert.Equal(1500, totals.Nanos(ClientWrite));
        clock.Update(Downstream, 0, 1200);
        Assert.Equal(1, totals.Stalled);
        other.Update(Downstream, 0, 1200);
        Assert.Equal(1900, totals.Nanos(ClientWrite));
        Assert.Equal(0, totals.Stalled);
    }

    [Fact]
    public void Each_connection_is_counted_under_the_stall_that_it_is_charged_to()
    {
        var totals = new StallTotals();
        var clock = new StallClock(totals);
        clock.Update(Downstream, ClientRead.Mask, 10);
        clock.Update(Upstream, UpstreamWrite.Mask, 15);
        Assert.Equal((1, 0), (totals.StalledBy(ClientRead), totals.StalledBy(UpstreamWrite)));
        clock.Update(Downstream, 0, 30);
        Assert.Equal((0, 1), (totals.StalledBy(ClientRead), totals.StalledBy(UpstreamWrite)));
        clock.Update(Upstream, 0, 50);
        Assert.Equal((0, 0), (totals.StalledBy(ClientRead), totals.StalledBy(UpstreamWrite)));
    }

    [Fact]
    public void Stalls_of_a_millisecond_are_events_and_the_longest_is_kept()
    {
        var totals = new StallTotals();
        var clock = new StallClock(totals);
        Stall(clock, ClientWrite, 0, StallClock.CountedNanos - 1);
        Assert.Equal(0, totals.Ended(ClientWrite));
        Assert.Equal(0, clock.Longest.Nanos);
        Stall(clock, ClientWrite, 2_000_000, 5_000_000);
        Stall(clock, ClientRead, 6_000_000, 8_000_000);
        clock.Serve(0, Self, 9_000_000, 10_000_000);
        Assert.Equal((1, 1, 1), (totals.Ended(ClientWrite), totals.Ended(ClientRead), totals.Ended(Self)));
        Assert.Equal(new StallSpan(ClientWrite, 2_000_000, 5_000_000), clock.Longest);
    }

    [Fact]
    public void The_history_has_the_latest_long_ones_in_order()
    {
        var clock = new StallClock(new StallTotals());
        Assert.Empty(clock.History);
        Stall(clock, ClientRead, 0, StallClock.RememberedNanos - 1);
        for (var i = 1; i <= 100; i++)
            Stall(clock, ClientWrite, i * 1_000_000_000L, (i * 1_000_000_000L) + StallClock.RememberedNanos);
        Assert.Equal(Enumerable.Range(37, 64).Select(static i => i * 1_000_000_000L), clock.History.Select(static span => span.From));
        Assert.All(clock.History, static span => Assert.Equal(ClientWrite, span.Key));
    }

    [Fact]
    public void The_longest_running_stall_shows_by_cause_until_it_ends()
    {
        var totals = new StallTotals();
        var clock = new StallClock(totals);
        var other = new StallClock(totals);
        clock.Update(Downstream, ClientWrite.Mask, 100);
        other.Update(Downstream, ClientRead.Mask, 500);
        totals.ChargeRunning(1000);
        Assert.Equal((900, 0), (totals.LongestNanos(StallCause.Client), totals.LongestNanos(StallCause.Upstream)));
        clock.Update(Downstream, 0, 1100);
        totals.ChargeRunning(2000);
        Assert.Equal(1500, totals.LongestNanos(StallCause.Client));
        other.Update(Downstream, 0, 2100);
        totals.ChargeRunning(3000);
        Assert.Equal(0, totals.LongestNanos(StallCause.Client));
    }

    [Fact]
    public void After_the_end_nothing_is_charged()
    {
        var totals = new StallTotals();
        var clock = new StallClock(totals);
        clock.Update(Downstream, ClientRead.Mask, 100);
        clock.End(300);
        clock.Update(Upstream, UpstreamWrite.Mask, 400);
        clock.Serve(UpstreamWrite.Mask, Self, readySince: 500, now: 9_000_000);
        clock.Charge(10_000_000);
        Assert.Equal(200, totals.Nanos(ClientRead));
        Assert.Equal((0, 0), (totals.Nanos(UpstreamWrite), totals.Nanos(Self)));
        Assert.Equal(0, totals.Stalled);
    }

    private static void Stall(StallClock clock, StallKey key, long from, long to)
    {
        clock.Update(Downstream, key.Mask, from);
        clock.Update(Downstream, 0, to);
    }

    [Fact]
    public void The_charges_add_up_to_the_time_in_which_anything_was_stalled()
    {
        StallKey[] keys =
        [
            ClientRead,
            ClientWrite,
            UpstreamWrite,
            Self,
            new(StallOperation.Read, StallWant.Write, StallLeg.Upstream, StallCause.Client),
        ];
        Seeded.ForAll(
            Gen.Select(Gen.Int[0, 31], Gen.Int[0, 100]).Array[1, 50],
            iterations: 10_000,
            seed: 2,
            steps =>
            {
                var totals = new StallTotals();
                var clock = new StallClock(totals);
                long now = 0;
                long stalled = 0;
                var active = 0;
                foreach (var (set, wait) in steps)
                {
                    now += wait;
                    if (active != 0)
                        stalled += wait;
                    active = set;
                    var mask = 0UL;
                    for (var i = 0; i < keys.Length; i++)
                        mask |= (set & (1 << i)) != 0 ? keys[i].Mask : 0;
                    clock.Update(ulong.MaxValue, mask, now);
                }

                clock.Update(ulong.MaxValue, 0, now);
                Assert.Equal(stalled, keys.Sum(totals.Nanos));
                Assert.Equal(stalled, Enum.GetValues<StallCause>().Sum(clock.NanosOf));
            }
        );
    }
}
