namespace TlsGateway.Transport;

/// <summary>
/// A timer on a loop's <see cref="TimerWheel"/>; subclassed by what it times, so that scheduling allocates nothing. At most on one wheel at a time.
/// Loop thread only.
/// </summary>
public abstract class LoopTimer
{
    // Links of the wheel's circular lists; null while not scheduled.
    internal LoopTimer? Previous;
    internal LoopTimer? Next;
    internal TimerWheel? Wheel;

    /// <summary>The first tick that is not before <see cref="Due"/>.</summary>
    internal long DueTick;

    /// <summary>Which slot of the wheel it is in, or <see cref="TimerWheel.NoSlot"/>.</summary>
    internal int Slot;

    public bool IsScheduled => Wheel is not null;

    /// <summary>When it was last scheduled for, in loop time (nanoseconds).</summary>
    public long Due { get; internal set; }

    /// <summary>
    /// Called once it is due, never before, on the loop thread between work items; not scheduled any more by then, and may be scheduled again from here.
    /// Must only post or tell.
    /// </summary>
    /// <param name="nowNanos">The loop's time.</param>
    protected internal abstract void OnDue(long nowNanos);
}
