using System.Diagnostics.Metrics;
using System.Globalization;
using TlsGateway.Actors.Connections;

namespace TlsGateway.Actors.Metrics;

/// <summary>How the event loops do, each by its index.</summary>
internal static class LoopInstruments
{
    public static void Add(Meter meter, Func<IReadOnlyList<LoopContext>> loops)
    {
        meter.CreateObservableGauge(
            "gateway.event_loop.delay",
            () => Each(static loop => loop.DelayNanos / 1e9),
            "s",
            "How long what is ready waits for its turn: the worst of the last moments."
        );
        meter.CreateObservableGauge(
            "gateway.event_loop.turn.longest",
            () => Each(static loop => loop.LongestTurnNanos / 1e9),
            "s",
            "The longest turn of the last moments."
        );
        meter.CreateObservableCounter(
            "gateway.event_loop.busy.time",
            () => Each(static loop => loop.Loop.Counters.BusyNanos / 1e9),
            "s",
            "Time in turns, that is not waiting for the kernel."
        );
        meter.CreateObservableCounter("gateway.event_loop.turns", () => Each(static loop => loop.Loop.Counters.Turns), "{turn}", "Turns.");
        meter.CreateObservableUpDownCounter(
            "gateway.event_loop.backlog",
            () => Each(static loop => loop.Loop.Counters.Backlog),
            "{mailbox}",
            "Mailboxes with messages that the last turn left for the next."
        );
        meter.CreateObservableUpDownCounter(
            "gateway.event_loop.sockets",
            () => Each(static loop => loop.Loop.Counters.OpenSockets),
            "{socket}",
            "Sockets of the loop, listeners included."
        );
        meter.CreateObservableUpDownCounter(
            "gateway.event_loop.buffers",
            () =>
                loops()
                    .SelectMany(static loop =>
                        (Measurement<long>[])
                            [
                                new(loop.Loop.Buffers.RentedBytes, Label(loop), new("state", "rented")),
                                new(loop.Loop.Buffers.RetainedBytes, Label(loop), new("state", "kept")),
                            ]
                    ),
            "By",
            "Memory in buffers for data in flight: rented, and kept for the next."
        );
        return;

        IEnumerable<Measurement<T>> Each<T>(Func<LoopContext, T> read)
            where T : struct => loops().Select(loop => new Measurement<T>(read(loop), Label(loop)));
    }

    private static KeyValuePair<string, object?> Label(LoopContext loop) =>
        new("event_loop", loop.Loop.Index.ToString(CultureInfo.InvariantCulture));
}
