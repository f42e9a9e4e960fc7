namespace TlsGateway.Actors.Stalls;

/// <summary>
/// Stall time of all connections of one listener on one loop, per <see cref="StallKey"/>. Written by the loop; other threads read the sums, each of them
/// whole but not all of one instant.
/// </summary>
public sealed class StallTotals
{
    private readonly long[] _nanos = new long[StallKey.Count];
    private StallClock? _first;

    /// <summary>Connections with a running stall.</summary>
    public int Stalled { get; private set; }

    /// <summary>Nanoseconds charged to <paramref name="key"/>.</summary>
    public long Nanos(StallKey key) => Volatile.Read(ref _nanos[key.Index]);

    /// <summary>Charges all running stalls up to <paramref name="now"/>: called about once a second, so that a stall of minutes shows while it lasts.</summary>
    public void ChargeRunning(long now)
    {
        for (var clock = _first; clock is not null; clock = clock.Next)
            clock.Charge(now);
    }

    internal void Add(StallKey key, long nanos) => Volatile.Write(ref _nanos[key.Index], _nanos[key.Index] + nanos);

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
