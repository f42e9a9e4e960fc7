namespace TlsGateway.Actors.Balancing;

/// <summary>Counts of one upstream, all loops together. What is counted here is once or twice per connection, or rare. Any thread.</summary>
public sealed class UpstreamCounters
{
    private long _connected;
    private long _failed;
    private long _timedOut;
    private long _retries;
    private long _queued;
    private long _queueFull;
    private long _queueTimeouts;
    private long _ejections;
    private long _checksPassed;
    private long _checksFailed;
    private long _checksHeard;

    /// <summary>Connections made to endpoints.</summary>
    public long Connected => Volatile.Read(ref _connected);

    /// <summary>Attempts that failed; the connection went on to another endpoint while there was one.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Attempts that took too long.</summary>
    public long TimedOut => Volatile.Read(ref _timedOut);

    /// <summary>Attempts after another endpoint had failed.</summary>
    public long Retries => Volatile.Read(ref _retries);

    /// <summary>Connections that had to wait for a place.</summary>
    public long Queued => Volatile.Read(ref _queued);

    /// <summary>Connections that failed since the queue was full.</summary>
    public long QueueFull => Volatile.Read(ref _queueFull);

    /// <summary>Connections that waited too long.</summary>
    public long QueueTimeouts => Volatile.Read(ref _queueTimeouts);

    /// <summary>Endpoints taken out because connections failed on them.</summary>
    public long Ejections => Volatile.Read(ref _ejections);

    public long ChecksPassed => Volatile.Read(ref _checksPassed);

    public long ChecksFailed => Volatile.Read(ref _checksFailed);

    /// <summary>Checks that another gateway did for this one.</summary>
    public long ChecksHeard => Volatile.Read(ref _checksHeard);

    internal void CountConnected() => Interlocked.Increment(ref _connected);

    internal void CountFailed() => Interlocked.Increment(ref _failed);

    internal void CountTimedOut() => Interlocked.Increment(ref _timedOut);

    internal void CountRetry() => Interlocked.Increment(ref _retries);

    internal void CountQueued() => Interlocked.Increment(ref _queued);

    internal void CountQueueFull() => Interlocked.Increment(ref _queueFull);

    internal void CountQueueTimeout() => Interlocked.Increment(ref _queueTimeouts);

    internal void CountEjection() => Interlocked.Increment(ref _ejections);

    internal void CountCheck(bool passed) => Interlocked.Increment(ref passed ? ref _checksPassed : ref _checksFailed);

    internal void CountCheckHeard() => Interlocked.Increment(ref _checksHeard);
}
