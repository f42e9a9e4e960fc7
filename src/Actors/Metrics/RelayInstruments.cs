using System.Diagnostics.Metrics;
using TlsGateway.Actors.Connections;
using TlsGateway.Actors.Relaying;

namespace TlsGateway.Actors.Metrics;

/// <summary>Connections that go between members of a fleet. Nothing is shown where none do.</summary>
internal static class RelayInstruments
{
    private static readonly (RelayOutcome Value, string Name)[] Outcomes =
    [
        .. Enum.GetValues<RelayOutcome>().Select(static outcome => (outcome, GatewayMetrics.SnakeCase(outcome))),
    ];

    public static void Add(Meter meter, Func<IReadOnlyList<LoopContext>> loops)
    {
        meter.CreateObservableUpDownCounter(
            "gateway.relay.active_connections",
            () => Each(static counts => Volatile.Read(ref counts.Open)),
            "{connection}",
            "Connections that were accepted here and are served by another member."
        );
        meter.CreateObservableCounter(
            "gateway.relay.sent_connections",
            () => ByOutcome(static (counts, outcome) => counts.Sent(outcome)),
            "{connection}",
            "Connections that were to be handed to another member, by outcome: all but relayed are served here."
        );
        meter.CreateObservableCounter(
            "gateway.relay.received_connections",
            () => ByOutcome(static (counts, outcome) => counts.Received(outcome)),
            "{connection}",
            "Connections that came to the relay port, by outcome: all but relayed were refused."
        );
        meter.CreateObservableCounter(
            "gateway.relay.io",
            () =>
                Counts() is { Count: > 0 } counts
                    ? (Measurement<long>[])
                        [
                            new(
                                counts.Sum(static one => Volatile.Read(ref one.ToMembers)),
                                new KeyValuePair<string, object?>("network.io.direction", "transmit")
                            ),
                            new(
                                counts.Sum(static one => Volatile.Read(ref one.FromMembers)),
                                new KeyValuePair<string, object?>("network.io.direction", "receive")
                            ),
                        ]
                    : [],
            "By",
            "Bytes of connections that another member serves, to it (transmit) and from it."
        );
        return;

        IReadOnlyList<RelayCounters> Counts() =>
            [.. loops().Where(static loop => loop.Relays is not null).Select(static loop => loop.RelayCounts)];

        IEnumerable<Measurement<long>> Each(Func<RelayCounters, long> read) =>
            Counts() is { Count: > 0 } counts ? [new Measurement<long>(counts.Sum(read))] : [];

        IEnumerable<Measurement<long>> ByOutcome(Func<RelayCounters, RelayOutcome, long> read) =>
            Counts() is { Count: > 0 } counts
                ? Outcomes
                    .Select(one =>
                        (Count: counts.Sum(each => read(each, one.Value)), Label: new KeyValuePair<string, object?>("outcome", one.Name))
                    )
                    .Where(static one => one.Count > 0)
                    .Select(static one => new Measurement<long>(one.Count, one.Label))
                : [];
    }
}
