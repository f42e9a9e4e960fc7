using System.Diagnostics.Metrics;
using TlsGateway.Actors.Balancing;

namespace TlsGateway.Actors.Metrics;

/// <summary>The instruments of upstreams and of what the configuration names as their endpoints (<see cref="ConfiguredEndpoint"/>); addresses that a name server adds are named by the admin endpoint only.</summary>
internal static class UpstreamInstruments
{
    public static void Add(Meter meter, Func<IEnumerable<UpstreamGroup>> upstreams)
    {
        meter.CreateObservableUpDownCounter(
            "gateway.upstream.active_connections",
            () => Now(static endpoints => endpoints.Sum(static one => (long)one.Connections)),
            "{connection}",
            "Connections to endpoints, those being made included."
        );
        meter.CreateObservableUpDownCounter("gateway.upstream.endpoints", Endpoints, "{endpoint}", "Endpoints of an upstream by state.");
        meter.CreateObservableCounter(
            "gateway.upstream.connects",
            () =>
                Counts(
                    (static counters => counters.Connected, "connected"),
                    (static counters => counters.Failed, "failed"),
                    (static counters => counters.TimedOut, "timed_out")
                ),
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
            () => Counts((static counters => counters.Ejections, "")),
            "{endpoint}",
            "Endpoints taken out since connections failed on them."
        );
        meter.CreateObservableCounter(
            "gateway.upstream.health_checks",
            () => Counts((static counters => counters.ChecksPassed, "passed"), (static counters => counters.ChecksFailed, "failed")),
            "{check}",
            "Health checks that this gateway did, by outcome."
        );
        meter.CreateObservableCounter(
            "gateway.upstream.health_checks_heard",
            () => Counts((static counters => counters.ChecksHeard, "")),
            "{check}",
            "Health checks that another member of the fleet did for this gateway."
        );
        meter.CreateObservableCounter(
            "gateway.upstream.stall.time",
            StallTime,
            "s",
            "Time in which connections to an endpoint, those being made included, were stalled with the upstream as the cause."
        );
        meter.CreateObservableCounter("gateway.upstream.io", Io, "By", "Plaintext between the gateway and an endpoint, by direction.");
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

        IEnumerable<Measurement<long>> Now(Func<IEnumerable<Endpoint>, long> read) =>
            upstreams().SelectMany(ByName).Select(named => new Measurement<long>(read(named.Endpoints), named.Configured.Labels));

        IEnumerable<Measurement<long>> Endpoints() =>
            upstreams()
                .SelectMany(ByName)
                .SelectMany(named =>
                    UpstreamSnapshot.States.Select(state => new Measurement<long>(
                        named.Endpoints.Count(endpoint => UpstreamSnapshot.StateOf(endpoint) == state),
                        [.. named.Configured.Labels, new("state", state)]
                    ))
                );

        IEnumerable<Measurement<long>> Counts(params (Func<EndpointCounters, long> Read, string Outcome)[] counts) =>
            upstreams()
                .SelectMany(static group => group.Configured)
                .SelectMany(one =>
                    counts.Select(count => new Measurement<long>(
                        count.Read(one.Counters),
                        count.Outcome.Length == 0 ? one.Labels : [.. one.Labels, new("outcome", count.Outcome)]
                    ))
                );

        IEnumerable<Measurement<long>> Io() =>
            upstreams()
                .SelectMany(static group => group.Configured)
                .SelectMany(static one =>
                    (Measurement<long>[])
                        [
                            new(one.Traffic.Sum(static loop => loop.Received), [.. one.Labels, new("network.io.direction", "receive")]),
                            new(one.Traffic.Sum(static loop => loop.Sent), [.. one.Labels, new("network.io.direction", "transmit")]),
                        ]
                );

        IEnumerable<Measurement<double>> StallTime() =>
            upstreams()
                .SelectMany(static group => group.Configured)
                .Select(static one => new Measurement<double>(one.Counters.Stalled.TotalSeconds, one.Labels));

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

    /// <summary>What the configuration names, each with the endpoints that it stands for now.</summary>
    private static IEnumerable<(ConfiguredEndpoint Configured, IReadOnlyList<Endpoint> Endpoints)> ByName(UpstreamGroup group)
    {
        var endpoints = group.Current?.Endpoints ?? [];
        return group.Configured.Select(one => (one, (IReadOnlyList<Endpoint>)[.. endpoints.Where(endpoint => endpoint.Configured == one)]));
    }

    private static Measurement<long> Outcome(UpstreamGroup group, long count, string outcome) =>
        new(count, Upstream(group), new("outcome", outcome));

    private static KeyValuePair<string, object?> Upstream(UpstreamGroup group) => new("upstream", group.Name);
}
