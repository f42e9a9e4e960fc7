namespace TlsGateway.Actors.Limits;

/// <summary>
/// A token bucket of one second's worth, as the generic cell rate algorithm (ITU-T I.371 annex A): one number says until when what was taken is paid off. The clock is the caller's. Any
/// thread.
/// </summary>
internal sealed class RateBucket
{
    private const long Second = 1_000_000_000;

    private long _rate;
    private long _paidUntil;

    /// <summary>Units per second; 0: no limit.</summary>
    public long Rate
    {
        get => Volatile.Read(ref _rate);
        set => Volatile.Write(ref _rate, value);
    }

    /// <summary>Takes one unit, or says that there is none.</summary>
    public bool TryTake(long now)
    {
        var rate = Rate;
        if (rate == 0)
            return true;
        while (true)
        {
            var paidUntil = Volatile.Read(ref _paidUntil);
            var next = Math.Max(paidUntil, now) + (Second / rate);
            if (next - now > Second)
                return false;
            if (Interlocked.CompareExchange(ref _paidUntil, next, paidUntil) == paidUntil)
                return true;
        }
    }

    /// <summary>Gives back one that was taken.</summary>
    public void GiveBack()
    {
        if (Rate is > 0 and var rate)
            Interlocked.Add(ref _paidUntil, -(Second / rate));
    }

    /// <summary>Takes units whether there are any or not: who comes next waits for them (<see cref="Wait"/>).</summary>
    /// <param name="now">The caller's clock.</param>
    /// <param name="units">So many.</param>
    /// <param name="mostAhead">It is in debt for no more nanoseconds because of them.</param>
    public void Charge(long now, long units, long mostAhead = long.MaxValue)
    {
        var rate = Rate;
        if (rate == 0)
            return;
        var cost = (long)((Int128)units * Second / rate);
        while (true)
        {
            var paidUntil = Volatile.Read(ref _paidUntil);
            var from = Math.Max(paidUntil, now);
            var next = from + Math.Min(cost, Math.Max(0, mostAhead - (from - now)));
            if (Interlocked.CompareExchange(ref _paidUntil, next, paidUntil) == paidUntil)
                return;
        }
    }

    /// <summary>Nanoseconds until something may be taken again; 0: now. A tenth of a second's worth may be taken at once, so that what is limited flows rather than jerks.</summary>
    public long Wait(long now) => Rate == 0 ? 0 : Math.Max(0, Volatile.Read(ref _paidUntil) - now - (Second / 10));

    /// <summary>It is as good as new.</summary>
    public bool IsFull(long now) => Volatile.Read(ref _paidUntil) <= now;
}
