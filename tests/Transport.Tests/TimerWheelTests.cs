using CsCheck;

namespace TlsGateway.Transport.Tests;

public sealed class TimerWheelTests
{
    private const long Tick = TimerWheel.TickNanos;
    private const long Second = 1_000_000_000;

    [Fact]
    public void The_wheel_fires_what_a_sorted_list_would_in_the_same_order()
    {
        // Delays and steps of every magnitude from a nanosecond to a century, negative ones among the delays.
        Gen<long> magnitude = Gen.Select(Gen.Int[0, 61], Gen.Long[0, long.MaxValue], (bits, value) => value >> (62 - bits));
        Gen<long> delay = Gen.OneOf(magnitude, Gen.Long[-Second, 3 * Second], Gen.Long[0, 10].Select(ticks => ticks * Tick));
        Gen<long> step = Gen.OneOf(Gen.Long[0, 3 * Tick], Gen.Long[0, 2 * Second], magnitude.Select(value => value >> 6));
        Gen<(int Kind, int Timer, long Value)> operation = Gen.OneOf(
            Gen.Select(Gen.Const(0), Gen.Int[0, 15], delay),
            Gen.Select(Gen.Const(1), Gen.Int[0, 15], Gen.Const(0L)),
            Gen.Select(Gen.Const(2), Gen.Const(0), step)
        );
        TlsGateway.Tests.Seeded.ForAll(
            Gen.Select(magnitude.Select(value => value >> 4), operation.Array[1, 200]),
            iterations: 3000,
            seed: 4,
            input =>
            {
                var (start, operations) = input;
                var run = new ModelRun(start);
                foreach ((int kind, int timer, long value) in operations)
                    run.Apply(kind, timer, value);
                run.Drain();
            }
        );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Tick - 1)]
    [InlineData(Tick)]
    [InlineData(Tick + 1)]
    [InlineData(64 * Tick)]
    [InlineData((64 * Tick) + 1)]
    [InlineData((4096 * Tick) - 1)]
    [InlineData(3600 * Second)]
    [InlineData(365 * 86_400 * Second)]
    public void A_timer_fires_not_before_its_time_and_at_most_a_tick_after(long delay)
    {
        const long Start = (123_456 * Tick) + 7;
        var wheel = new TimerWheel(Start);
        var timer = new Recorder();
        wheel.Schedule(timer, Start + delay);
        wheel.Advance(Math.Max(Start, Start + delay - 1));
        Assert.Equal(delay == 0 ? [Start] : [], timer.FiredAt);
        wheel.Advance(Start + delay + Tick);
        Assert.Single(timer.FiredAt);
        Assert.False(timer.IsScheduled);
        Assert.Equal(0, wheel.Count);
    }

    [Fact]
    public void A_far_timer_comes_down_the_levels_in_few_steps()
    {
        const long Start = 987_654_321 * Tick;
        const long Due = Start + (40L * 365 * 86_400 * Second) + (12_345 * Tick);
        var wheel = new TimerWheel(Start);
        var timer = new Recorder();
        wheel.Schedule(timer, Due);
        int steps = 0;
        while (timer.IsScheduled)
        {
            Assert.InRange(wheel.NextDue, Start, Due);
            wheel.Advance(wheel.NextDue);
            steps++;
        }

        Assert.Equal([Due], timer.FiredAt);
        Assert.InRange(steps, 2, 7);
        Assert.Equal(long.MaxValue, wheel.NextDue);
    }

    [Fact]
    public void The_end_of_time_can_be_scheduled_and_cancelled()
    {
        var wheel = new TimerWheel(5 * Second);
        var timer = new Recorder();
        wheel.Schedule(timer, long.MaxValue);
        Assert.Equal(long.MaxValue, timer.Due);
        wheel.Advance(long.MaxValue - 1);
        Assert.Empty(timer.FiredAt);
        Assert.InRange(wheel.NextDue, 5 * Second, long.MaxValue);
        wheel.Cancel(timer);
        Assert.Equal(long.MaxValue, wheel.NextDue);
    }

    [Fact]
    public void Rescheduling_moves_a_timer_both_ways()
    {
        var wheel = new TimerWheel();
        var timer = new Recorder();
        wheel.Schedule(timer, 3600 * Second);
        wheel.Schedule(timer, Second);
        Assert.Equal(1, wheel.Count);
        wheel.Schedule(timer, 2 * Second);
        wheel.Advance(Second);
        Assert.Empty(timer.FiredAt);
        wheel.Advance(2 * Second);
        Assert.Equal([2 * Second], timer.FiredAt);
        wheel.Advance(7200 * Second);
        Assert.Single(timer.FiredAt);
    }

    [Fact]
    public void Cancelling_twice_or_before_scheduling_is_harmless()
    {
        var wheel = new TimerWheel();
        var timer = new Recorder();
        wheel.Cancel(timer);
        wheel.Schedule(timer, Second);
        wheel.Cancel(timer);
        wheel.Cancel(timer);
        wheel.Advance(2 * Second);
        Assert.Empty(timer.FiredAt);
        Assert.Equal(0, wheel.Count);
    }

    [Fact]
    public void A_callback_may_cancel_timers_that_are_due_with_it()
    {
        var wheel = new TimerWheel();
        var victim = new Recorder();
        var later = new Recorder();
        var first = new Recorder { Also = () => wheel.Cancel(victim) };
        wheel.Schedule(first, Second);
        wheel.Schedule(victim, Second);
        wheel.Schedule(later, Second);
        wheel.Advance(Second);
        Assert.Single(first.FiredAt);
        Assert.Empty(victim.FiredAt);
        Assert.Single(later.FiredAt);
        Assert.Equal(0, wheel.Count);
    }

    [Fact]
    public void A_callback_that_reschedules_into_the_past_fires_once_each_advance()
    {
        var wheel = new TimerWheel();
        var timer = new Recorder();
        timer.Also = () => wheel.Schedule(timer, 0);
        wheel.Schedule(timer, Second);
        wheel.Advance(Second);
        Assert.Single(timer.FiredAt);
        Assert.InRange(wheel.NextDue, 0, Second);
        wheel.Advance(Second);
        Assert.Equal(2, timer.FiredAt.Count);
        Assert.Equal(1, wheel.Count);
    }

    [Fact]
    public void A_callback_that_throws_leaves_the_others_to_the_next_advance()
    {
        var wheel = new TimerWheel();
        var throwing = new Recorder { Also = () => throw new FormatException() };
        var behind = new Recorder();
        wheel.Schedule(throwing, Second);
        wheel.Schedule(behind, Second);
        Assert.Throws<FormatException>(() => wheel.Advance(Second));
        Assert.False(throwing.IsScheduled);
        Assert.Equal(1, wheel.Count);
        wheel.Advance(Second);
        Assert.Single(behind.FiredAt);
        Assert.Single(throwing.FiredAt);
    }

    [Fact]
    public void A_timer_belongs_to_one_wheel_at_a_time()
    {
        var wheel = new TimerWheel();
        var other = new TimerWheel();
        var timer = new Recorder();
        wheel.Schedule(timer, Second);
        Assert.Throws<InvalidOperationException>(() => other.Schedule(timer, Second));
        Assert.Throws<InvalidOperationException>(() => other.Cancel(timer));
        Assert.Equal(1, wheel.Count);
        wheel.Advance(Second);
        other.Schedule(timer, Second);
        Assert.Equal(1, other.Count);
    }

    private sealed class Recorder : LoopTimer
    {
        public List<long> FiredAt { get; } = [];

        public Action? Also { get; set; }

        protected internal override void OnDue(long nowNanos)
        {
            Assert.False(IsScheduled);
            FiredAt.Add(nowNanos);
            Also?.Invoke();
        }
    }

    /// <summary>The wheel beside a list of (tick, order of scheduling).</summary>
    private sealed class ModelRun
    {
        private readonly TimerWheel _wheel;
        private readonly List<int> _fired = [];
        private readonly Named[] _timers;
        private readonly Dictionary<int, (long Tick, int Order)> _model = [];
        private long _now;
        private int _order;

        public ModelRun(long start)
        {
            _now = start;
            _wheel = new TimerWheel(start);
            _timers = Enumerable.Range(0, 16).Select(id => new Named(id, this)).ToArray();
        }

        public void Apply(int kind, int timer, long value)
        {
            switch (kind)
            {
                case 0:
                    long due = value > long.MaxValue - _now ? long.MaxValue : _now + value;
                    _wheel.Schedule(_timers[timer], due);

                    // A time that has passed is due at once, but behind what was scheduled for it before.
                    _model[timer] = (due <= _now ? _now / Tick : TickAtOrAfter(due), _order++);
                    break;
                case 1:
                    _wheel.Cancel(_timers[timer]);
                    _model.Remove(timer);
                    break;
                default:
                    Advance(value > long.MaxValue - _now ? long.MaxValue : _now + value);
                    break;
            }

            Assert.Equal(_model.Count, _wheel.Count);
            Assert.All(_timers, candidate => Assert.Equal(_model.ContainsKey(candidate.Id), candidate.IsScheduled));
            long earliest = _model.Count == 0 ? long.MaxValue : _model.Values.Min(entry => entry.Tick);
            Assert.InRange(_wheel.NextDue, 0, earliest > long.MaxValue / Tick ? long.MaxValue : earliest * Tick);
        }

        public void Drain()
        {
            for (int steps = 0; _model.Count > 0 && _wheel.NextDue != long.MaxValue; steps++)
            {
                Assert.InRange(steps, 0, 16 * 8);
                Advance(Math.Max(_now, _wheel.NextDue));
            }

            Assert.Equal(_model.Count, _wheel.Count);
        }

        private void Advance(long now)
        {
            _now = now;
            _fired.Clear();
            _wheel.Advance(now);
            int[] expected = _model
                .Where(entry => entry.Value.Tick <= now / Tick)
                .OrderBy(entry => entry.Value)
                .Select(entry => entry.Key)
                .ToArray();
            Assert.Equal(expected, _fired);
            foreach (int id in expected)
                _model.Remove(id);
        }

        private static long TickAtOrAfter(long nanos) => (nanos / Tick) + (nanos % Tick > 0 ? 1 : 0);

        private sealed class Named(int id, ModelRun run) : LoopTimer
        {
            public int Id => id;

            protected internal override void OnDue(long nowNanos)
            {
                Assert.InRange(nowNanos, Due, long.MaxValue);
                run._fired.Add(id);
            }
        }
    }
}
