namespace TlsGateway.Actors.Balancing;

/// <summary>Counts of one upstream, all loops together. What is counted here is once or twice per connection, or rare. Any thread.</summary>
public sealed class UpstreamCounters
{
    private long _retries;
    private long _queued;
    private long _queueFull;
    private long _queueTimeouts;

    /// <summary>Of all its endpoints together, those that it had before included.</summary>
    public EndpointCounters Endpoints { get; } = new();

    /// <summary>Attempts after another endpoint had failed.</summary>
    public long Retries => Volatile.Read(ref _retries);

    /// <summary>Connections that had to wait for a place.</summary>
    public long Queued => Volatile.Read(ref _queued);

    /// <summary>Connections that failed since the queue was full.</summary>
    public long QueueFull => Volatile.Read(ref _queueFull);

    /// <summary>Connections that waited too long.</summary>
    public long QueueTimeouts => Volatile.Read(ref _queueTimeouts);

    internal void CountRetry() => Interlocked.Increment(ref _retries);

    internal void CountQueued() => Interlocked.Increment(ref _queued);

    internal void CountQueueFull() => Interlocked.Increment(ref _queueFull);

    internal void CountQueueTimeout() => Interlocked.Increment(ref _queueTimeouts);
}
