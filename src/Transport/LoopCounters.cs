namespace TlsGateway.Transport;

/// <summary>A loop's running totals. Written by the loop without synchronisation, read by any thread: each value is whole, none is in step with another.</summary>
public sealed class LoopCounters
{
    internal long TurnsValue;
    internal long WakeupsValue;
    internal long WaitsValue;
    internal long WorkItemsValue;
    internal long ForeignPostsValue;
    internal long EventsValue;
    internal long OpenSocketsValue;
    internal long ReusedSocketsValue;
    internal long KeptSocketsValue;
    internal long UnhandledValue;
    internal long BusyNanosValue;
    internal long LongestTurnNanosValue;
    internal long BacklogValue;

    /// <summary>Rounds of timers, work, sockets.</summary>
    public long Turns => Volatile.Read(ref TurnsValue);

    /// <summary>Times that a post from another thread woke the loop by its eventfd.</summary>
    public long Wakeups => Volatile.Read(ref WakeupsValue);

    /// <summary>epoll_wait calls that could block, that is with nothing left to do.</summary>
    public long Waits => Volatile.Read(ref WaitsValue);

    /// <summary>Work items run on the loop.</summary>
    public long WorkItems => Volatile.Read(ref WorkItemsValue);

    /// <summary>Work items taken over that other threads had posted.</summary>
    public long ForeignPosts => Volatile.Read(ref ForeignPostsValue);

    /// <summary>Socket events from the kernel, without the loop's own wake-ups; stale ones count.</summary>
    public long Events => Volatile.Read(ref EventsValue);

    /// <summary>Sockets registered now, listeners included.</summary>
    public long OpenSockets => Volatile.Read(ref OpenSocketsValue);

    /// <summary>Connections that were begun on the socket of one before.</summary>
    public long ReusedSockets => Volatile.Read(ref ReusedSocketsValue);

    /// <summary>Sockets without a connection that wait to be connected again; not among <see cref="OpenSockets"/>.</summary>
    public long KeptSockets => Volatile.Read(ref KeptSocketsValue);

    /// <summary>Work items that the last turn left for the next: mailboxes with messages that wait for their turn.</summary>
    public long Backlog => Volatile.Read(ref BacklogValue);

    /// <summary>Exceptions that left a work item, a timer or the event sink.</summary>
    public long Unhandled => Volatile.Read(ref UnhandledValue);

    /// <summary>Nanoseconds spent in turns, that is not waiting for the kernel.</summary>
    public long BusyNanos => Volatile.Read(ref BusyNanosValue);

    /// <summary>The longest turn since <see cref="TakeLongestTurn"/> was last called, nanoseconds.</summary>
    public long LongestTurnNanos => Volatile.Read(ref LongestTurnNanosValue);

    /// <summary>Gives it and begins anew. On the loop's thread.</summary>
    public long TakeLongestTurn()
    {
        long longest = LongestTurnNanosValue;
        LongestTurnNanosValue = 0;
        return longest;
    }
}
