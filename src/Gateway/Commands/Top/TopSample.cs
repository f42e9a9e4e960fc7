using System.Diagnostics;
using System.Text.Json;

namespace TlsGateway.Gateway.Commands.Top;

/// <summary>A gateway at one instant, and its rates since the sample before.</summary>
/// <param name="At">Stopwatch ticks.</param>
/// <param name="Counts">Since its start.</param>
/// <param name="Before">What rates are reckoned from; null: nothing.</param>
/// <param name="Listeners">As /listeners has them.</param>
/// <param name="Connections">As /connections has them.</param>
internal sealed record TopSample(long At, TopCounts Counts, TopSample? Before, JsonElement Listeners, JsonElement Connections)
{
    /// <summary>Of a count a second; 0 without a sample before.</summary>
    public double Rate(Func<TopCounts, double> of)
    {
        if (Before is not { } before)
        {
            return 0;
        }
        var seconds = Stopwatch.GetElapsedTime(before.At, At).TotalSeconds;
        return seconds <= 0 ? 0 : Math.Max(0, of(Counts) - of(before.Counts)) / seconds;
    }

    /// <summary>What scripts get.</summary>
    public object ToJson() =>
        new
        {
            PerSecond = new
            {
                Connections = Round(Rate(static c => c.Connections)),
                FullHandshakes = Round(Rate(static c => c.FullHandshakes)),
                ResumedHandshakes = Round(Rate(static c => c.ResumedHandshakes)),
                FailedHandshakes = Round(Rate(static c => c.FailedHandshakes)),
                Refused = Round(Rate(static c => c.Refused)),
                ReceivedBytes = Round(Rate(static c => c.ReceivedBytes)),
                SentBytes = Round(Rate(static c => c.SentBytes)),
            },
            Open = Counts.Open,
            Stalled = Counts.Stalled,
            // Connections that wait, on average, by whose doing.
            Waiting = new
            {
                Client = Round(Rate(static c => c.StalledByClient)),
                Upstream = Round(Rate(static c => c.StalledByUpstream)),
                Self = Round(Rate(static c => c.StalledBySelf)),
            },
            Listeners,
            Connections,
        };

    private static double Round(double value) => Math.Round(value, 3);
}

/// <summary>What is counted since a gateway's start, all listeners together, and two gauges.</summary>
internal sealed record TopCounts(
    double Open,
    double Stalled,
    double Connections,
    double Refused,
    double FullHandshakes,
    double ResumedHandshakes,
    double FailedHandshakes,
    double ReceivedBytes,
    double SentBytes,
    double StalledByClient,
    double StalledByUpstream,
    double StalledBySelf
)
{
    public static TopCounts Of(MetricsText metrics) =>
        new(
            metrics.Sum("gateway_active_connections"),
            metrics.Sum("gateway_stalled_connections"),
            metrics.Sum("gateway_connections_total"),
            metrics.Sum("gateway_rejected_connections_total"),
            metrics.Sum("gateway_tls_handshakes_total", "outcome=\"full\""),
            metrics.Sum("gateway_tls_handshakes_total", "outcome=\"resumed\""),
            metrics.Sum("gateway_tls_handshakes_total", "outcome=\"failed\""),
            metrics.Sum("gateway_connection_io_bytes_total", "leg=\"downstream\"", "network_io_direction=\"receive\""),
            metrics.Sum("gateway_connection_io_bytes_total", "leg=\"downstream\"", "network_io_direction=\"transmit\""),
            metrics.Sum("gateway_stall_time_seconds_total", "cause=\"client\""),
            metrics.Sum("gateway_stall_time_seconds_total", "cause=\"upstream\""),
            metrics.Sum("gateway_stall_time_seconds_total", "cause=\"self\"")
        );
}
