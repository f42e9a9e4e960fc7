using TlsGateway.Actors;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Stalls;

namespace TlsGateway.LiveView.Data;

/// <summary>A gateway at one instant: counts since its start, and what is open and stalled now. All listeners together.</summary>
public sealed record LiveSample
{
    public required DateTimeOffset At { get; init; }

    public long Open { get; init; }

    /// <summary>Connections that may be open; 0: not known.</summary>
    public long Limit { get; init; }

    public long Accepted { get; init; }

    public long Refused { get; init; }

    public long FullHandshakes { get; init; }

    public long ResumedHandshakes { get; init; }

    public long FailedHandshakes { get; init; }

    /// <summary>From clients, on the wire.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>To clients, on the wire.</summary>
    public long SentBytes { get; init; }

    /// <summary>Connections stalled now, by the number of their <see cref="StallCause"/>.</summary>
    public IReadOnlyList<long> StalledBy { get; init; } = [0, 0, 0];

    /// <summary>The worst delay of all loops.</summary>
    public TimeSpan LoopDelay { get; init; }

    /// <summary>Connections stalled now.</summary>
    public long Stalled => StalledBy.Sum();

    /// <summary>Of the open connections, those that are stalled by this cause: 0 to 1.</summary>
    public double StallShare(StallCause cause) => Open == 0 ? 0 : Math.Min(1, (double)StalledBy[(int)cause] / Open);

    public static LiveSample Of(GatewayHost host, DateTimeOffset at)
    {
        var counters = host.Metrics.Counters;
        return new LiveSample
        {
            At = at,
            Open = counters.Sum(static c => Volatile.Read(ref c.Open)),
            Limit = host.ListenerSettings.Sum(static l => (long)l.MaxConnections),
            Accepted = counters.Sum(static c => Volatile.Read(ref c.Accepted)),
            Refused = LiveReason.All.Sum(reason => counters.Sum(c => c.Refused(reason))),
            FullHandshakes = counters.Sum(static c => Volatile.Read(ref c.FullTls12) + Volatile.Read(ref c.FullTls13)),
            ResumedHandshakes = counters.Sum(static c => Volatile.Read(ref c.ResumedTls12) + Volatile.Read(ref c.ResumedTls13)),
            FailedHandshakes = LiveReason.All.Sum(reason => counters.Sum(c => c.HandshakeFailures(reason))),
            ReceivedBytes = counters.Sum(static c => Volatile.Read(ref c.DownstreamReceivedBytes)),
            SentBytes = counters.Sum(static c => Volatile.Read(ref c.DownstreamSentBytes)),
            StalledBy = [.. Enum.GetValues<StallCause>().Select(cause => StalledByCause(counters, cause))],
            LoopDelay = host.Loops.Select(static loop => loop.Delay).DefaultIfEmpty().Max(),
        };
    }

    private static long StalledByCause(IReadOnlyList<ListenerCounters> counters, StallCause cause) =>
        LiveStall.Keys.Where(key => key.Cause == cause).Sum(key => counters.Sum(c => (long)c.Stalls.StalledBy(key)));
}
