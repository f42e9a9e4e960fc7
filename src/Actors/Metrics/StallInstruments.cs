using System.Diagnostics.Metrics;
using TlsGateway.Actors.Stalls;

namespace TlsGateway.Actors.Metrics;

/// <summary>Who waits for whom. A cell of operation, want, leg and cause is shown once it has had time.</summary>
internal static class StallInstruments
{
    private static readonly StallKey[] Keys = [.. Enumerable.Range(0, StallKey.Count).Select(static i => new StallKey((byte)i))];
    private static readonly KeyValuePair<string, object?>[][] Labels = Array.ConvertAll(Keys, LabelsOf);

    public static void Add(Meter meter, Func<IReadOnlyList<ListenerCounters>> counters)
    {
        meter.CreateObservableCounter(
            "gateway.stall.time",
            () => PerKey(static (stalls, key) => stalls.Nanos(key), static nanos => nanos / 1e9),
            "s",
            "Time in which connections had something in flight that could not go on, by operation, want, leg and cause."
        );
        meter.CreateObservableCounter(
            "gateway.stalls",
            () => PerKey(static (stalls, key) => stalls.Ended(key), static count => count),
            "{stall}",
            "Stalls that have ended and lasted a millisecond at least, by operation, want, leg and cause."
        );
        meter.CreateObservableUpDownCounter(
            "gateway.stalled_connections",
            () => PerKey(static (stalls, key) => stalls.StalledBy(key), static count => count),
            "{connection}",
            "Client connections stalled right now, by what they are charged to."
        );
        meter.CreateObservableGauge(
            "gateway.stall.longest",
            Longest,
            "s",
            "How long the longest of the running stalls has lasted, by cause."
        );
        return;

        IEnumerable<Measurement<T>> PerKey<T>(Func<StallTotals, StallKey, long> read, Func<long, T> convert)
            where T : struct
        {
            foreach (var listener in counters().GroupBy(static c => c.Listener, StringComparer.Ordinal))
            {
                foreach (var key in Keys)
                {
                    if (listener.Any(c => c.Stalls.Nanos(key) > 0 || c.Stalls.StalledBy(key) > 0))
                    {
                        var value = convert(listener.Sum(c => read(c.Stalls, key)));
                        yield return new Measurement<T>(value, [GatewayMetrics.Listener(listener.Key), .. Labels[key.Index]]);
                    }
                }
            }
        }

        IEnumerable<Measurement<double>> Longest() =>
            counters()
                .GroupBy(static c => c.Listener, StringComparer.Ordinal)
                .SelectMany(listener =>
                    Enum.GetValues<StallCause>()
                        .Select(cause => new Measurement<double>(
                            listener.Max(c => c.Stalls.LongestNanos(cause)) / 1e9,
                            GatewayMetrics.Listener(listener.Key),
                            new("cause", GatewayMetrics.Name(cause))
                        ))
                );
    }

    private static KeyValuePair<string, object?>[] LabelsOf(StallKey key) =>
        [
            new("operation", GatewayMetrics.Name(key.Operation)),
            new("want", GatewayMetrics.Name(key.Want)),
            new("leg", GatewayMetrics.Name(key.Leg)),
            new("cause", GatewayMetrics.Name(key.Cause)),
        ];
}
