using System.Diagnostics.Metrics;
using TlsGateway.Actors.Balancing;

namespace TlsGateway.Actors.Metrics;

/// <summary>The instruments of upstreams. Their label is the upstream's name; endpoints, which a name server may add at will, are counted, and named by the admin endpoint only.</summary>
internal static class UpstreamInstruments
{
    public static void Add(Meter meter, Func<IEnumerable<UpstreamGroup>> upstreams)
    {
        meter.CreateObservableUpDownCounter(
            "gateway.upstream.active_connections",
            () => Each(static group => group.Current?.Endpoints.Sum(static e => (long)e.Connections) ?? 0),
            "{connection}",
            "Connections to endpoints, those being made included."
        );
        meter.CreateObservableUpDownCounter("gateway.upstream.endpoints", Endpoints, "{endpoint}", "Endpoints of an upstream by state.");
        meter.CreateObservableCounter(
            "gateway.upstream.connects",
            Connects,
            "{connection}",
            "Attempts to connect to an endpoint, by outcome; after one that failed the next endpoint is tried."
        );
        meter.CreateObservableCounter(
            "gateway.upstream.retries",
            () => Each(static group => group.Counters.Retries),
            "{connection}",
            "Attempts to connect to an endpoint after another one had failed."
        );
        meter.CreateObservableCounter(
            "gateway.upstream.ejections",
            () => Each(static group => group.Counters.Ejections),
            "{endpoint}",
            "Endpoints taken out since connections failed on them."
        );
        meter.CreateObservableCounter(
            "gateway.upstream.health_checks",
            Checks,
            "{check}",
            "Health checks that this gateway did, by outcome."
        );
        meter.CreateObservableCounter(
            "gateway.upstream.health_checks_heard",
            () => Each(static group => group.Counters.ChecksHeard),
            "{check}",
            "Health checks that another member of the fleet did for this gateway."
        );
        meter.CreateObservableUpDownCounter(
            "gateway.upstream.queued_connections",
            () => Each(static group => group.Queue.Count),
            "{connection}",
            "Client connections that wait for a place at an endpoint."
        );
        meter.CreateObservableCounter(
            "gateway.upstream.waits",
            Queued,
            "{connection}",
            "Client connections that had to wait for a place, by outcome when it was none."
        );
        return;

        IEnumerable<Measurement<long>> Each(Func<UpstreamGroup, long> read) =>
            upstreams().Select(group => new Measurement<long>(read(group), Upstream(group)));

        IEnumerable<Measurement<long>> Endpoints() =>
            upstreams()
                .SelectMany(group =>
                    UpstreamSnapshot.States.Select(state => new Measurement<long>(
                        group.Current?.Endpoints.Count(endpoint => UpstreamSnapshot.StateOf(endpoint) == state) ?? 0,
                        Upstream(group),
                        new("state", state)
                    ))
                );

        IEnumerable<Measurement<long>> Connects() =>
            upstreams()
                .SelectMany(group =>
                    (Measurement<long>[])
                        [
                            Outcome(group, group.Counters.Connected, "connected"),
                            Outcome(group, group.Counters.Failed, "failed"),
                            Outcome(group, group.Counters.TimedOut, "timed_out"),
                        ]
                );

        IEnumerable<Measurement<long>> Checks() =>
            upstreams()
                .SelectMany(group =>
                    (Measurement<long>[])
                        [Outcome(group, group.Counters.ChecksPassed, "passed"), Outcome(group, group.Counters.ChecksFailed, "failed")]
                );

        IEnumerable<Measurement<long>> Queued() =>
            upstreams()
                .SelectMany(group =>
                    (Measurement<long>[])
                        [
                            Outcome(group, group.Counters.Queued, "queued"),
                            Outcome(group, group.Counters.QueueFull, "full"),
                            Outcome(group, group.Counters.QueueTimeouts, "timed_out"),
                        ]
                );
    }

    private static Measurement<long> Outcome(UpstreamGroup group, long count, string outcome) =>
        new(count, Upstream(group), new("outcome", outcome));

    private static KeyValuePair<string, object?> Upstream(UpstreamGroup group) => new("upstream", group.Name);
}
