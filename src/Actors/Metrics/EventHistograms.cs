using System.Diagnostics;
using System.Diagnostics.Metrics;
using TlsGateway.Actors.Balancing;

namespace TlsGateway.Actors.Metrics;

/// <summary>
/// The durations that are recorded one by one: of handshakes, connections, connects to upstreams, and health checks, each at most a few times per connection. All else is counted by the
/// loops and read by a scrape. Any thread.
/// </summary>
internal sealed class EventHistograms(Meter meter)
{
    private static readonly object True = true;
    private static readonly object False = false;

    private readonly Histogram<double> _handshake = meter.CreateHistogram(
        "gateway.tls_handshake.duration",
        "s",
        "From accept to the end of the first handshake, its look-ups included; failed ones have an error.type.",
        advice: Buckets(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
    );

    private readonly Histogram<double> _connection = meter.CreateHistogram(
        "gateway.connection.duration",
        "s",
        "From accept to close, by whose fault the end was.",
        advice: Buckets(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 1800, 7200)
    );

    private readonly Histogram<double> _connect = meter.CreateHistogram(
        "gateway.upstream.connect.duration",
        "s",
        "Attempts to connect to an endpoint, TLS included, by outcome.",
        advice: Buckets(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
    );

    private readonly Histogram<double> _check = meter.CreateHistogram(
        "gateway.upstream.health_check.duration",
        "s",
        "Health checks of endpoints, by outcome.",
        advice: Buckets(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
    );

    public void RecordHandshake(string listener, bool isTls13, bool isResumed, long nanos) =>
        _handshake.Record(
            Seconds(nanos),
            new("listener", listener),
            new("tls.protocol.version", isTls13 ? "1.3" : "1.2"),
            new("tls.resumed", isResumed ? True : False)
        );

    public void RecordFailedHandshake(string listener, CloseReason reason, long nanos) =>
        _handshake.Record(Seconds(nanos), new("listener", listener), new("error.type", GatewayMetrics.NameOf(reason)));

    public void RecordConnection(string listener, CloseReason reason, long nanos) =>
        _connection.Record(Seconds(nanos), new("listener", listener), new("fault", GatewayMetrics.FaultNameOf(reason)));

    /// <param name="endpoint">On which.</param>
    /// <param name="outcome">A word of <c>gateway.upstream.connects</c>.</param>
    /// <param name="nanos">Taken.</param>
    public void RecordConnect(Endpoint endpoint, string outcome, long nanos) => _connect.Record(Seconds(nanos), Labels(endpoint, outcome));

    public void RecordCheck(Endpoint endpoint, bool passed, TimeSpan taken) =>
        _check.Record(taken.TotalSeconds, Labels(endpoint, passed ? "passed" : "failed"));

    private static TagList Labels(Endpoint endpoint, string outcome) =>
        new(endpoint.Configured is { } configured ? configured.Labels : []) { { "outcome", outcome } };

    private static double Seconds(long nanos) => nanos / 1e9;

    private static InstrumentAdvice<double> Buckets(params double[] upTo) => new() { HistogramBucketBoundaries = upTo };
}
