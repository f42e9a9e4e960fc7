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
