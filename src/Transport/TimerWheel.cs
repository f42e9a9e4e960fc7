using System.Numerics;

namespace TlsGateway.Transport;

/// <summary>
/// A hierarchical timing wheel (Varghese and Lauck, SOSP 1987): seven levels of 64 slots, the lowest of 10 ms, so that schedule and cancel cost O(1) and
/// allocate nothing. A timer never fires early; it fires in the first <see cref="Advance"/> at or after the tick behind its due time, at most one tick
/// late by the wheel's own making. Equal ticks fire in the order in which they were scheduled. One thread.
/// </summary>
/// <remarks>
/// A timer's level is the highest base-64 digit in which its tick differs from the current one; its slot is that digit. So the slots in use on each level
/// lie ahead of the current digit, every timer of a level is due before any of the next, and there is no wrapping round.
/// </remarks>
public sealed class TimerWheel
{
    /// <summary>10 ms: the timeouts kept here are of seconds and minutes, and a finer tick would wake an idle loop more often.</summary>
    public const long TickNanos = 10_000_000;

    internal const int NoSlot = -1;

    private const int SlotBits = 6;
    private const int SlotsPerLevel = 1 << SlotBits;

    /// <summary>64^7 ticks exceed what a long holds in nanoseconds (2^63 / 10^7 &lt; 2^40), so no due time lies beyond the wheel.</summary>
    private const int Levels = 7;

    private readonly LoopTimer[] _slots = new LoopTimer[Levels * SlotsPerLevel];

    /// <summary>A bit for each slot that is not empty.</summary>
    private readonly ulong[] _occupied = new ulong[Levels];

    /// <summary>Scheduled for a tick that has passed: they fire in the next Advance, not in the one that runs, which so comes to an end.</summary>
    private readonly LoopTimer _overdue = new Sentinel();

    /// <summary>Being fired. Outlives an exception out of a callback: the next Advance goes on with it.</summary>
    private readonly LoopTimer _firing = new Sentinel();

    private long _now;
    private long _currentTick;

    /// <param name="nowNanos">The loop time to start from; not negative.</param>
    public TimerWheel(long nowNanos = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nowNanos);
        _now = nowNanos;
        _currentTick = nowNanos / TickNanos;
        for (int i = 0; i < _slots.Length; i++)
            _slots[i] = new Sentinel();
    }

    /// <summary>Timers scheduled.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// No timer fires before this loop time; long.MaxValue when there is none. For a far timer it may be earlier than the due time, when the wheel has to
    /// move it down a level: at most six times in a timer's life.
    /// </summary>
    public long NextDue
    {
        get
        {
            if (!IsEmpty(_overdue) || !IsEmpty(_firing))
                return _currentTick * TickNanos;
            long tick = NextTick(out _);
            return tick > long.MaxValue / TickNanos ? long.MaxValue : tick * TickNanos;
        }
    }

    /// <summary>Schedules, or reschedules. A time that has passed fires in the next <see cref="Advance"/>.</summary>
    /// <param name="timer">Not on another wheel.</param>
    /// <param name="dueNanos">Absolute, in loop time.</param>
    /// <exception cref="InvalidOperationException">The timer is on another wheel.</exception>
    public void Schedule(LoopTimer timer, long dueNanos)
    {
        if (timer.Wheel is not null)
            Cancel(timer);
        timer.Wheel = this;
        timer.Due = dueNanos;
        timer.DueTick = dueNanos <= _now ? _currentTick : (dueNanos / TickNanos) + (dueNanos % TickNanos > 0 ? 1 : 0);
        Count++;
        Place(timer, _overdue);
    }

    /// <summary>Takes it off the wheel; nothing happens if it is not scheduled.</summary>
    /// <exception cref="InvalidOperationException">The timer is on another wheel.</exception>
    public void Cancel(LoopTimer timer)
    {
        if (timer.Wheel is null)
            return;
        if (timer.Wheel != this)
            ThrowOtherWheel();
        Unlink(timer);
        timer.Wheel = null;
        Count--;
    }

    /// <summary>Fires what is due. A time before the last one given counts as that one.</summary>
    /// <remarks>An exception out of a callback leaves the wheel whole; calling again goes on with the timers behind it.</remarks>
    public void Advance(long nowNanos)
    {
        _now = Math.Max(_now, nowNanos);
        MoveAll(_overdue, _firing);
        FireAll();
        long nowTick = _now / TickNanos;
        long next;
        while ((next = NextTick(out int slot)) <= nowTick)
        {
            _currentTick = next;
            EmptySlot(slot);
            FireAll();
        }

        _currentTick = nowTick;
    }

    /// <summary>Takes every timer off without firing it.</summary>
    internal void Clear()
    {
        CancelAll(_overdue);
        CancelAll(_firing);
        foreach (LoopTimer slot in _slots)
            CancelAll(slot);
    }

    /// <summary>The tick at which the next slot begins, and that slot; long.MaxValue when all are empty.</summary>
    private long NextTick(out int slot)
    {
        for (int level = 0; level < Levels; level++)
        {
            if (_occupied[level] == 0)
                continue;
            int digit = BitOperations.TrailingZeroCount(_occupied[level]);
            int shift = level * SlotBits;
            slot = (level * SlotsPerLevel) + digit;
            long above = _currentTick >> (shift + SlotBits) << (shift + SlotBits);
            return above + ((long)digit << shift);
        }

        slot = NoSlot;
        return long.MaxValue;
    }

    /// <summary>Spreads a slot that begins now over the levels below; what is due goes to the firing list.</summary>
    private void EmptySlot(int slot)
    {
        LoopTimer head = _slots[slot];
        while (!IsEmpty(head))
        {
            LoopTimer timer = head.Next!;
            Unlink(timer);
            Place(timer, _firing);
        }
    }

    private void FireAll()
    {
        while (!IsEmpty(_firing))
        {
            LoopTimer timer = _firing.Next!;
            Cancel(timer);
            timer.OnDue(_now);
        }
    }

    private void Place(LoopTimer timer, LoopTimer due)
    {
        if (timer.DueTick <= _currentTick)
        {
            timer.Slot = NoSlot;
            Append(due, timer);
            return;
        }

        int highestBit = BitOperations.Log2((ulong)(timer.DueTick ^ _currentTick));
        int level = highestBit / SlotBits;
        int digit = (int)(timer.DueTick >> (level * SlotBits)) & (SlotsPerLevel - 1);
        timer.Slot = (level * SlotsPerLevel) + digit;
        _occupied[level] |= 1UL << digit;
        Append(_slots[timer.Slot], timer);
    }

    private void Unlink(LoopTimer timer)
    {
        timer.Previous!.Next = timer.Next;
        timer.Next!.Previous = timer.Previous;
        timer.Previous = null;
        timer.Next = null;
        if (timer.Slot != NoSlot && IsEmpty(_slots[timer.Slot]))
            _occupied[timer.Slot / SlotsPerLevel] &= ~(1UL << (timer.Slot % SlotsPerLevel));
    }

    private void CancelAll(LoopTimer head)
    {
        while (!IsEmpty(head))
            Cancel(head.Next!);
    }

    private static void MoveAll(LoopTimer from, LoopTimer to)
    {
        if (IsEmpty(from))
            return;
        LoopTimer first = from.Next!;
        LoopTimer last = from.Previous!;
        first.Previous = to.Previous;
        to.Previous!.Next = first;
        last.Next = to;
        to.Previous = last;
        from.Next = from;
        from.Previous = from;
    }

    private static void Append(LoopTimer head, LoopTimer timer)
    {
        timer.Previous = head.Previous;
        timer.Next = head;
        head.Previous!.Next = timer;
        head.Previous = timer;
    }

    private static bool IsEmpty(LoopTimer head) => head.Next == head;

    private static void ThrowOtherWheel() => throw new InvalidOperationException("The timer is scheduled on another loop's wheel.");

    /// <summary>The head of a circular list.</summary>
    private sealed class Sentinel : LoopTimer
    {
        public Sentinel()
        {
            Previous = this;
            Next = this;
        }

        protected internal override void OnDue(long nowNanos) =>
            throw new InvalidOperationException("The head of a timer list is not a timer.");
    }
}
