namespace TlsGateway.Transport;

/// <summary>How an <see cref="EventLoop"/> runs.</summary>
public sealed class EventLoopOptions
{
    /// <summary>The thread's name; shows in <c>top -H</c> (15 characters of it) and in logs.</summary>
    public string Name { get; init; } = "loop-0";

    /// <summary>Which of the process's loops it is; a metric label.</summary>
    public int Index { get; init; }

    /// <summary>Events taken from the kernel at a time. 256 fill three pages; what does not fit comes with the next call.</summary>
    public int MaxEventsPerWait { get; init; } = 256;

    /// <summary>
    /// Work items run before the sockets are looked at again, so that neither starves the other. 512 items of about a microsecond delay an event by half
    /// a millisecond.
    /// </summary>
    public int WorkBudget { get; init; } = 512;

    /// <summary>
    /// The same bound as a time, for items that take longer: one connection that moves 256 KiB per item would else keep all others waiting for tens of
    /// milliseconds. Zero or more; looked at every few items.
    /// </summary>
    public TimeSpan WorkTime { get; init; } = TimeSpan.FromMicroseconds(500);

    /// <summary>Free buffer memory that the loop keeps: 16 MiB are 62 chunks.</summary>
    public int PoolRetainedBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>
    /// The loop's clock. A clock that a test sets forward does not wake a loop that sleeps: post something after setting it.
    /// </summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// Told of every exception that left a work item, a timer or <see cref="ISocketEvents"/>, on the thread that ran it; the loop goes on. What it throws
    /// itself is dropped. Null: they are only counted.
    /// </summary>
    public Action<Exception>? OnUnhandled { get; init; }
}
