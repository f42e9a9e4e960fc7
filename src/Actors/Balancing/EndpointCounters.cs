namespace TlsGateway.Actors.Balancing;

/// <summary>
/// What became of connections and checks: of one endpoint, of all that a <see cref="ConfiguredEndpoint"/> stands for, or of an upstream; what counts for one counts for the one above it. Each is
/// once or twice per connection, or rare. Any thread.
/// </summary>
public sealed class EndpointCounters
{
    private long _connected;
    private long _failed;
    private long _timedOut;
    private long _stalledNanos;
    private long _ejections;
    private long _checksPassed;
    private long _checksFailed;
    private long _checksHeard;
    private volatile EndpointCounters? _above;

    internal EndpointCounters(EndpointCounters? above = null) => _above = above;

    /// <summary>Connections made.</summary>
    public long Connected => Volatile.Read(ref _connected);

    /// <summary>Attempts that failed; the connection went on to another endpoint while there was one.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Attempts that took too long.</summary>
    public long TimedOut => Volatile.Read(ref _timedOut);

    /// <summary>Time in which connections that were there, or on their way there, were stalled, with the upstream as the cause; running stalls up to about a second ago.</summary>
    public TimeSpan Stalled => TimeSpan.FromTicks(Volatile.Read(ref _stalledNanos) / TimeSpan.NanosecondsPerTick);

    /// <summary>Times that it was taken out because connections failed on it.</summary>
    public long Ejections => Volatile.Read(ref _ejections);

    public long ChecksPassed => Volatile.Read(ref _checksPassed);

    public long ChecksFailed => Volatile.Read(ref _checksFailed);

    /// <summary>Checks that another gateway did for this one.</summary>
    public long ChecksHeard => Volatile.Read(ref _checksHeard);

    /// <summary>Null: there is none. What was counted before stays where it was counted.</summary>
    internal EndpointCounters? Above
    {
        set => _above = value;
    }

    internal void CountConnected()
    {
        for (var one = this; one is not null; one = one._above)
            Interlocked.Increment(ref one._connected);
    }

    internal void CountFailed()
    {
        for (var one = this; one is not null; one = one._above)
            Interlocked.Increment(ref one._failed);
    }

    internal void CountTimedOut()
    {
        for (var one = this; one is not null; one = one._above)
            Interlocked.Increment(ref one._timedOut);
    }

    internal void AddStalled(long nanos)
    {
        for (var one = this; one is not null; one = one._above)
            Interlocked.Add(ref one._stalledNanos, nanos);
    }

    internal void CountEjection()
    {
        for (var one = this; one is not null; one = one._above)
            Interlocked.Increment(ref one._ejections);
    }

    internal void CountCheck(bool passed)
    {
        for (var one = this; one is not null; one = one._above)
            Interlocked.Increment(ref passed ? ref one._checksPassed : ref one._checksFailed);
    }

    internal void CountCheckHeard()
    {
        for (var one = this; one is not null; one = one._above)
            Interlocked.Increment(ref one._checksHeard);
    }
}
