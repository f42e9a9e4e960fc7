namespace TlsGateway.Actors.Balancing;

/// <summary>
/// What became of connections and checks: of one endpoint, of all that a <see cref="ConfiguredEndpoint"/> stands for, or of an upstream; what counts for one counts for the one above it. Each is
/// once or twice per connection, or rare. Any thread.
/// </summary>
public sealed class EndpointCounters
{
    private readonly long[] _counts = new long[Enum.GetValues<Count>().Length];
    private volatile EndpointCounters? _above;

    internal EndpointCounters(EndpointCounters? above = null) => _above = above;

    /// <summary>Connections made.</summary>
    public long Connected => Read(Count.Connected);

    /// <summary>Attempts that failed; the connection went on to another endpoint while there was one.</summary>
    public long Failed => Read(Count.Failed);

    /// <summary>Attempts that took too long.</summary>
    public long TimedOut => Read(Count.TimedOut);

    /// <summary>Time in which connections that were there, or on their way there, were stalled, with the upstream as the cause; running stalls up to about a second ago.</summary>
    public TimeSpan Stalled => TimeSpan.FromTicks(Read(Count.StalledNanos) / TimeSpan.NanosecondsPerTick);

    /// <summary>Times that it was taken out because connections failed on it.</summary>
    public long Ejections => Read(Count.Ejections);

    public long ChecksPassed => Read(Count.ChecksPassed);

    public long ChecksFailed => Read(Count.ChecksFailed);

    /// <summary>Checks that another gateway did for this one.</summary>
    public long ChecksHeard => Read(Count.ChecksHeard);

    /// <summary>Null: there is none. What was counted before stays where it was counted.</summary>
    internal EndpointCounters? Above
    {
        set => _above = value;
    }

    internal void CountConnected() => Add(Count.Connected, 1);

    internal void CountFailed() => Add(Count.Failed, 1);

    internal void CountTimedOut() => Add(Count.TimedOut, 1);

    internal void AddStalled(long nanos) => Add(Count.StalledNanos, nanos);

    internal void CountEjection() => Add(Count.Ejections, 1);

    internal void CountCheck(bool passed) => Add(passed ? Count.ChecksPassed : Count.ChecksFailed, 1);

    internal void CountCheckHeard() => Add(Count.ChecksHeard, 1);

    private long Read(Count what) => Volatile.Read(ref _counts[(int)what]);

    private void Add(Count what, long by)
    {
        for (var one = this; one is not null; one = one._above)
            Interlocked.Add(ref one._counts[(int)what], by);
    }

    private enum Count
    {
        Connected,
        Failed,
        TimedOut,
        StalledNanos,
        Ejections,
        ChecksPassed,
        ChecksFailed,
        ChecksHeard,
    }
}
