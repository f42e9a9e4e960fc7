using TlsGateway.Actors;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Stalls;

namespace TlsGateway.LiveView.Data;

/// <summary>One cell of operation, want, leg and cause.</summary>
/// <param name="Key">Which.</param>
/// <param name="Time">Charged since the start.</param>
/// <param name="Ended">Stalls of a millisecond at least that have ended.</param>
/// <param name="Now">Connections that are charged to it now.</param>
public sealed record LiveStall(StallKey Key, TimeSpan Time, long Ended, long Now)
{
    internal static StallKey[] Keys { get; } = [.. Enumerable.Range(0, StallKey.Count).Select(static i => new StallKey((byte)i))];

    /// <summary>The cells that have had time, the most first.</summary>
    public static IReadOnlyList<LiveStall> Of(GatewayHost host)
    {
        var counters = host.Metrics.Counters;
        return
        [
            .. Keys.Select(key => new LiveStall(
                    key,
                    TimeSpan.FromMicroseconds(counters.Sum(c => c.Stalls.Nanos(key)) / 1000.0),
                    counters.Sum(c => c.Stalls.Ended(key)),
                    counters.Sum(c => (long)c.Stalls.StalledBy(key))
                ))
                .Where(static stall => stall.Time > TimeSpan.Zero || stall.Now > 0)
                .OrderByDescending(static stall => stall.Time),
        ];
    }
}
