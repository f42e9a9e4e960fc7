using System.Runtime.CompilerServices;
using TlsGateway.Actors.Balancing;

namespace TlsGateway.Actors.Stalls;

/// <summary>
/// One connection's stalls. Several operations may be stalled at once (the client neither sends the rest of a record nor drains our bytes); then time is
/// charged to the one that began first, so that the charges add up to the time in which anything was stalled, and never to more. A stall that is only the
/// consequence of another (<see cref="StallKey.IsConsequence"/>) comes after those that are not: the leg that ran out of credit often notices before
/// the other leg finds its socket full. An idle connection (nothing in flight) is charged nothing.
/// </summary>
/// <remarks>Pure: instants come from the caller, in nanoseconds of the loop's clock. An instant before the last one seen counts as that one.</remarks>
public sealed class StallClock(StallTotals totals)
{
    private const int MaximumActive = 8;

    /// <summary>Shorter ones are how sockets work: they are time, not events.</summary>
    public const long CountedNanos = 1_000_000;

    /// <summary>What a connection's history holds; shorter stalls would push out what matters.</summary>
    public const long RememberedNanos = 10_000_000;

    /// <summary>In <see cref="_shown"/>: none.</summary>
    private const byte Nothing = byte.MaxValue;

    private ulong _active;
    private Slots _slots;
    private int _count;
    private long _chargedFrom;
    private long _last;
    private CauseNanos _byCause;
    private StallHistory? _history;
    private bool _isEnded;

    /// <summary>The key under which <see cref="StallTotals"/> counts this connection as stalled.</summary>
    private byte _shown = Nothing;

    /// <summary>The stalls of this moment, a set of <see cref="StallKey.Mask"/>s.</summary>
    public ulong Active => _active;

    /// <summary>Which endpoint gets what is charged to the upstream from now on; null: none, as in the queue. To be set after a <see cref="Charge(long)"/>.</summary>
    public EndpointCounters? Endpoint { get; set; }

    /// <summary>Charged to <paramref name="cause"/> so far, nanoseconds, the running stall up to its last charge.</summary>
    public long NanosOf(StallCause cause) => _byCause[(int)cause];

    /// <summary>When the stall that is being charged began; -1 when there is none.</summary>
    public long OldestSince => _count == 0 ? -1 : _slots[0].Since;

    /// <summary>The stall that is being charged; only when <see cref="Active"/> is not empty.</summary>
    public StallKey Oldest => _slots[0].Key;

    /// <summary>The longest stall that has ended; its time is 0 when there was none.</summary>
    public StallSpan Longest { get; private set; }

    /// <summary>The latest stalls that have ended and lasted <see cref="RememberedNanos"/> at least, oldest first.</summary>
    public IReadOnlyList<StallSpan> History => _history?.ToList() ?? [];

    /// <summary>From <paramref name="at"/> on, exactly <paramref name="set"/> of the keys in <paramref name="scope"/> are stalled.</summary>
    public void Update(ulong scope, ulong set, long at)
    {
        var changed = (_active ^ set) & scope;
        if (changed == 0 || _isEnded)
            return;
        at = Math.Max(at, _last);
        Charge(at);
        var ended = changed & _active;
        if (ended != 0)
            Remove(ended, at);
        for (var begun = changed & set; begun != 0; begun &= begun - 1)
            Add(StallKey.First(begun), at);
        _active = (_active & ~scope) | (set & scope);
        var charged = _count == 0 ? Nothing : _slots[0].Key.Index;
        if (charged == _shown)
            return;
        totals.Show(_shown, charged);
        _shown = charged;
    }

    /// <summary>
    /// An event that was ready at <paramref name="readySince"/> is served at <paramref name="now"/>: whoever the leg waited for had done their part, the time
    /// between is ours.
    /// </summary>
    /// <param name="waited">The keys that the event ends: those of its leg and want.</param>
    /// <param name="self">Whereto the time between goes.</param>
    public void Serve(ulong waited, StallKey self, long readySince, long now)
    {
        if (_isEnded)
            return;
        if (_count == 0)
        {
            // Nothing was stalled, as between requests: only the time between is charged.
            var from = Math.Max(readySince, _last);
            _last = Math.Max(now, from);
            Charge(self, _last - from);
            if (_last - from >= CountedNanos)
                Ended(new Slot(self, from), _last);
            return;
        }

        Update(waited | self.Mask, self.Mask, readySince);
        Update(self.Mask, 0, now);
    }

    /// <summary>The connection is over: nothing runs any more, and what a leg still does is charged to nobody.</summary>
    public void End(long now)
    {
        Update(ulong.MaxValue, 0, now);
        _isEnded = true;
    }

    /// <summary>Charges the running stall up to <paramref name="now"/>, so that readers see stalls that have not ended.</summary>
    public void Charge(long now)
    {
        now = Math.Max(now, _last);
        _last = now;
        if (_count == 0)
            return;
        var nanos = now - _chargedFrom;
        _chargedFrom = now;
        Charge(_slots[0].Key, nanos);
    }

    private void Charge(in StallKey key, long nanos)
    {
        _byCause[(int)key.Cause] += nanos;
        totals.Add(key, nanos);
        if (key.Cause == StallCause.Upstream && nanos > 0)
            Endpoint?.AddStalled(nanos);
    }

    private void Add(StallKey key, long at)
    {
        if (_count == MaximumActive)
            return; // cannot be: one read, write, handshake or shutdown per leg
        if (_count == 0)
        {
            _chargedFrom = at;
            totals.Enter(this);
        }

        var place = _count++;
        for (; !key.IsConsequence && place > 0 && _slots[place - 1].Key.IsConsequence; place--)
            _slots[place] = _slots[place - 1];
        _slots[place] = new Slot(key, at);
    }

    private void Remove(ulong keys, long at)
    {
        var kept = 0;
        for (var i = 0; i < _count; i++)
        {
            if ((keys & _slots[i].Key.Mask) == 0)
                _slots[kept++] = _slots[i];
            else if (at - _slots[i].Since >= CountedNanos)
                Ended(_slots[i], at);
        }

        _count = kept;
        if (kept == 0)
            totals.Leave(this);
    }

    private void Ended(in Slot slot, long at)
    {
        totals.CountEnded(slot.Key);
        var span = new StallSpan(slot.Key, slot.Since, at);
        if (span.Nanos > Longest.Nanos)
            Longest = span;
        if (span.Nanos >= RememberedNanos)
            (_history ??= new StallHistory()).Add(span);
    }

    internal StallClock? Next;
    internal StallClock? Previous;

    private readonly record struct Slot(StallKey Key, long Since);

    [InlineArray(MaximumActive)]
    private struct Slots
    {
        private Slot _first;
    }

    [InlineArray(3)]
    private struct CauseNanos
    {
        private long _first;
    }
}
