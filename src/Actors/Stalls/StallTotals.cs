namespace TlsGateway.Actors.Stalls;

/// <summary>
/// Stall time of all connections of one listener on one loop, per <see cref="StallKey"/>. Written by the loop; other threads read the sums, each of them
/// whole but not all of one instant.
/// </summary>
public sealed class StallTotals
{
    private readonly long[] _nanos = new long[StallKey.Count];
    private readonly long[] _ended = new long[StallKey.Count];
    private readonly int[] _now = new int[StallKey.Count];
    private readonly long[] _longest = new long[Enum.GetValues<StallCause>().Length];
    private StallClock? _first;

    /// <summary>Connections with a running stall.</summary>
    public int Stalled { get; private set; }

    /// <summary>Of them, those that are charged to <paramref name="key"/>.</summary>
    public int StalledBy(StallKey key) => Volatile.Read(ref _now[key.Index]);

    /// <summary>Stalls that have ended and lasted <see cref="StallClock.CountedNanos"/> at least.</summary>
    public long Ended(StallKey key) => Volatile.Read(ref _ended[key.Index]);

    /// <summary>How long the longest of the stalls that are charged to <paramref name="cause"/> has run, nanoseconds, when <see cref="ChargeRunning"/> last looked; 0: there was none.</summary>
    public long LongestNanos(StallCause cause) => Volatile.Read(ref _longest[(int)cause]);

    /// <summary>Nanoseconds charged to <paramref name="key"/>.</summary>
    public long Nanos(StallKey key) => Volatile.Read(ref _nanos[key.Index]);

    /// <summary>Charges all running stalls up to <paramref name="now"/>: called about once a second, so that a stall of minutes shows while it lasts.</summary>
    public void ChargeRunning(long now)
    {
        Span<long> longest = stackalloc long[_longest.Length];
        longest.Clear();
        for (var clock = _first; clock is not null; clock = clock.Next)
        {
            clock.Charge(now);
            ref var ofCause = ref longest[(int)clock.Oldest.Cause];
            ofCause = Math.Max(ofCause, now - clock.OldestSince);
        }

        for (var cause = 0; cause < longest.Length; cause++)
            Volatile.Write(ref _longest[cause], longest[cause]);
    }

    internal void Add(StallKey key, long nanos) => Volatile.Write(ref _nanos[key.Index], _nanos[key.Index] + nanos);

    internal void CountEnded(StallKey key) => Volatile.Write(ref _ended[key.Index], _ended[key.Index] + 1);

    /// <summary>A connection was stalled by the key of index <paramref name="before"/> and is by <paramref name="now"/>; an index past the last key is none.</summary>
    internal void Show(byte before, byte now)
    {
        if (before < StallKey.Count)
            _now[before]--;
        if (now < StallKey.Count)
            _now[now]++;
    }

    internal void Enter(StallClock clock)
    {
        clock.Next = _first;
        if (_first is not null)
            _first.Previous = clock;
        _first = clock;
        Stalled++;
    }

    internal void Leave(StallClock clock)
    {
        if (clock.Previous is null)
            _first = clock.Next;
        else
            clock.Previous.Next = clock.Next;
        if (clock.Next is not null)
            clock.Next.Previous = clock.Previous;
        clock.Next = clock.Previous = null;
        Stalled--;
    }
}
