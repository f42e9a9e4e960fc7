using System.Diagnostics.Metrics;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Connections;
using TlsGateway.Actors.Settings;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Metrics;

/// <summary>
/// The gateway's instruments on the meter <see cref="MeterName"/>. All are observable: the loops count in plain fields, a scrape adds them up. Names, units
/// and attributes follow OpenTelemetry's conventions; label values are bounded by configuration and enumerations.
/// </summary>
public sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "TlsGateway";

    private static readonly string[] Operations = ["handshake", "rehandshake", "read", "write", "shutdown"];
    private static readonly string[] Wants = ["read", "write"];
    private static readonly string[] Legs = ["downstream", "upstream"];
    private static readonly string[] Causes = ["client", "upstream", "self"];
    private static readonly CloseReason[] Reasons = Enum.GetValues<CloseReason>();
    private static readonly string[] ReasonNames = Array.ConvertAll(Reasons, SnakeCase<CloseReason>);

    private static readonly string[] FaultNames = Array.ConvertAll(
        Reasons,
        static r => CloseReasonFaults.FaultOf(r).ToString().ToLowerInvariant()
    );

    /// <summary>Why connections are refused before any cryptography.</summary>
    private static readonly CloseReason[] Refusals =
    [
        CloseReason.TooManyConnections,
        CloseReason.ConnectionRateExceeded,
        CloseReason.HandshakeRateExceeded,
        CloseReason.ClientTooManyConnections,
        CloseReason.ClientConnectionRateExceeded,
        CloseReason.ClientHandshakeRateExceeded,
        CloseReason.FleetClientTooManyConnections,
        CloseReason.FleetClientHandshakeRateExceeded,
        CloseReason.AddressDenied,
        CloseReason.LoopOverloaded,
        CloseReason.MemoryPressure,
        CloseReason.OutOfDescriptors,
    ];

    private readonly Meter _meter;
    private readonly Lock _lock = new();
    private ListenerCounters[] _counters = [];

    /// <summary>Those of the present generation.</summary>
    internal Func<IEnumerable<UpstreamGroup>> Upstreams { private get; set; } = static () => [];

    /// <summary>Those of the present generation.</summary>
    internal Func<IEnumerable<ListenerSettings>> Listeners { private get; set; } = static () => [];

    internal Func<int> Generation { private get; set; } = static () => 0;

    /// <summary>Bytes.</summary>
    internal Func<(long Used, long Limit)> Memory { private get; set; } = static () => default;

    internal IReadOnlyList<LoopContext> Loops { get; set; } = [];

    /// <summary>Connections that this gateway serves.</summary>
    internal long OpenConnections => Counters.Sum(static counters => Volatile.Read(ref counters.Open));

    /// <summary>Connections that were accepted here and are served by another member.</summary>
    public long RelayedConnections => Loops.Sum(static loop => Volatile.Read(ref loop.RelayCounts.Open));

    /// <summary>As <see cref="RelayedConnections"/>, for each member that serves some.</summary>
    internal IReadOnlyDictionary<string, long> RelayedTo() =>
        Loops
            .SelectMany(static loop => loop.RelayCounts.OpenTo)
            .GroupBy(static one => one.Key, StringComparer.Ordinal)
            .ToDictionary(static one => one.Key, static one => one.Sum(static loop => loop.Value), StringComparer.Ordinal);

    /// <summary>Where durations are recorded one by one.</summary>
    internal EventHistograms Events { get; }

    /// <summary>For instruments of what the process makes around the data path.</summary>
    public Meter Meter => _meter;

    public GatewayMetrics(IMeterFactory? factory = null)
    {
        _meter = factory?.Create(new MeterOptions(MeterName)) ?? new Meter(MeterName);
        Events = new EventHistograms(_meter);
        _meter.CreateObservableUpDownCounter(
            "gateway.active_connections",
            () => PerListener(static c => Volatile.Read(ref c.Open)),
            "{connection}",
            "Client connections open."
        );
        _meter.CreateObservableCounter(
            "gateway.connections",
            () => PerListener(static c => Volatile.Read(ref c.Accepted)),
            "{connection}",
            "Client connections accepted by the kernel and taken."
        );
        _meter.CreateObservableCounter(
            "gateway.rejected_connections",
            Rejected,
            "{connection}",
            "Client connections refused before any cryptography, by error.type."
        );
        _meter.CreateObservableCounter(
            "gateway.closed_connections",
            Closed,
            "{connection}",
            "Client connections ended, by reason and whose fault it is."
        );
        _meter.CreateObservableCounter(
            "gateway.tls_handshakes",
            Handshakes,
            "{handshake}",
            "First handshakes, by outcome: full, resumed, or failed with its error.type and whose fault it is."
        );
        _meter.CreateObservableCounter(
            "gateway.tls_alerts",
            Alerts,
            "{alert}",
            "Fatal alerts that ended client connections, by name and direction."
        );
        _meter.CreateObservableCounter(
            "gateway.tls_rehandshakes",
            () => PerListener(static c => Volatile.Read(ref c.Rehandshakes)),
            "{handshake}",
            "TLS 1.2 renegotiations that ended well."
        );
        _meter.CreateObservableCounter(
            "gateway.tls_key_updates",
            () => PerListener(static c => Volatile.Read(ref c.KeyUpdatesReceived)),
            "{message}",
            "TLS 1.3 KeyUpdate messages received."
        );
        _meter.CreateObservableCounter(
            "gateway.connection.io",
            Io,
            "By",
            "Bytes on the wire by leg and direction: downstream is ciphertext, upstream plaintext."
        );
        _meter.CreateObservableCounter(
            "gateway.connection.records",
            Records,
            "{record}",
            "TLS records of client connections by direction."
        );
        _meter.CreateObservableUpDownCounter(
            "gateway.connection.limit",
            () => Listeners().Select(static l => new Measurement<long>(l.MaxConnections, Listener(l.Name))),
            "{connection}",
            "Client connections that a listener may have open."
        );
        _meter.CreateObservableGauge(
            "gateway.configuration.generation",
            () => Generation(),
            "{generation}",
            "The configuration that new connections take."
        );
        _meter.CreateObservableUpDownCounter("gateway.memory.usage", () => Memory().Used, "By", "Memory that counts against the limit.");
        _meter.CreateObservableUpDownCounter("gateway.memory.limit", () => Memory().Limit, "By", "Memory that the process may use.");
        _meter.CreateObservableCounter(
            "gateway.events.dropped",
            () => Loops.Sum(static loop => loop.Events.Dropped),
            "{event}",
            "Ends of connections that found no place on their way to the access log."
        );
        HandshakeInstruments.Add(_meter, () => _counters);
        StallInstruments.Add(_meter, () => _counters);
        LoopInstruments.Add(_meter, () => Loops);
        RelayInstruments.Add(_meter, () => Loops);
        UpstreamInstruments.Add(_meter, () => Upstreams());
    }

    /// <summary>Counts that are shown from now on.</summary>
    public void Add(ListenerCounters counters)
    {
        lock (_lock)
            _counters = [.. _counters, counters];
    }

    /// <summary>All counts, for snapshots and tests.</summary>
    public IReadOnlyList<ListenerCounters> Counters => _counters;

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> PerListener(Func<ListenerCounters, long> read)
    {
        foreach (var listener in _counters.GroupBy(c => c.Listener, StringComparer.Ordinal))
            yield return new Measurement<long>(listener.Sum(read), Listener(listener.Key));
    }

    private IEnumerable<Measurement<long>> Rejected()
    {
        foreach (var listener in _counters.GroupBy(c => c.Listener, StringComparer.Ordinal))
        {
            foreach (var reason in Refusals)
                yield return new Measurement<long>(
                    listener.Sum(c => c.Refused(reason)),
                    Listener(listener.Key),
                    new("error.type", ReasonNames[(int)reason])
                );
            yield return new Measurement<long>(
                listener.Sum(static c => Volatile.Read(ref c.AcceptErrors)),
                Listener(listener.Key),
                new("error.type", "accept_failed")
            );
        }
    }

    private IEnumerable<Measurement<long>> Closed()
    {
        foreach (var listener in _counters.GroupBy(c => c.Listener, StringComparer.Ordinal))
        {
            foreach (var reason in Reasons)
            {
                var count = listener.Sum(c => c.Closed(reason));
                if (count > 0)
                    yield return new Measurement<long>(
                        count,
                        Listener(listener.Key),
                        new("reason", ReasonNames[(int)reason]),
                        Fault(reason)
                    );
            }
        }
    }

    private IEnumerable<Measurement<long>> Handshakes()
    {
        foreach (var listener in _counters.GroupBy(c => c.Listener, StringComparer.Ordinal))
        {
            yield return Handshake(listener, "full", "1.2", static c => Volatile.Read(ref c.FullTls12));
            yield return Handshake(listener, "full", "1.3", static c => Volatile.Read(ref c.FullTls13));
            yield return Handshake(listener, "resumed", "1.2", static c => Volatile.Read(ref c.ResumedTls12));
            yield return Handshake(listener, "resumed", "1.3", static c => Volatile.Read(ref c.ResumedTls13));
            foreach (var reason in Reasons)
            {
                var count = listener.Sum(c => c.HandshakeFailures(reason));
                if (count > 0)
                {
                    yield return new Measurement<long>(
                        count,
                        Listener(listener.Key),
                        new("outcome", "failed"),
                        new("error.type", ReasonNames[(int)reason]),
                        Fault(reason)
                    );
                }
            }
        }
    }

    private IEnumerable<Measurement<long>> Alerts()
    {
        foreach (var listener in _counters.GroupBy(c => c.Listener, StringComparer.Ordinal))
        {
            for (var alert = 0; alert <= byte.MaxValue; alert++)
            {
                var number = (byte)alert;
                var received = listener.Sum(c => c.AlertsReceived(number));
                if (received > 0)
                    yield return Alert(listener.Key, number, "receive", received);
                var sent = listener.Sum(c => c.AlertsSent(number));
                if (sent > 0)
                    yield return Alert(listener.Key, number, "transmit", sent);
            }
        }
    }

    private static Measurement<long> Alert(string listener, byte alert, string direction, long count) =>
        new(count, Listener(listener), new("tls.alert", TlsAlert.NameOf(alert)), new("network.io.direction", direction));

    private static Measurement<long> Handshake(
        IGrouping<string, ListenerCounters> listener,
        string outcome,
        string version,
        Func<ListenerCounters, long> read
    ) => new(listener.Sum(read), Listener(listener.Key), new("outcome", outcome), new("tls.protocol.version", version));

    private IEnumerable<Measurement<long>> Io()
    {
        foreach (var listener in _counters.GroupBy(c => c.Listener, StringComparer.Ordinal))
        {
            yield return Bytes(listener, Legs[0], "receive", static c => Volatile.Read(ref c.DownstreamReceivedBytes));
            yield return Bytes(listener, Legs[0], "transmit", static c => Volatile.Read(ref c.DownstreamSentBytes));
            yield return Bytes(listener, Legs[1], "receive", static c => Volatile.Read(ref c.UpstreamReceivedBytes));
            yield return Bytes(listener, Legs[1], "transmit", static c => Volatile.Read(ref c.UpstreamSentBytes));
        }
    }

    private static Measurement<long> Bytes(
        IGrouping<string, ListenerCounters> listener,
        string leg,
        string direction,
        Func<ListenerCounters, long> read
    ) => new(listener.Sum(read), Listener(listener.Key), new("leg", leg), new("network.io.direction", direction));

    private IEnumerable<Measurement<long>> Records()
    {
        foreach (var listener in _counters.GroupBy(c => c.Listener, StringComparer.Ordinal))
        {
            yield return new Measurement<long>(
                listener.Sum(static c => Volatile.Read(ref c.ReceivedRecords)),
                Listener(listener.Key),
                new("network.io.direction", "receive")
            );
            yield return new Measurement<long>(
                listener.Sum(static c => Volatile.Read(ref c.SentRecords)),
                Listener(listener.Key),
                new("network.io.direction", "transmit")
            );
        }
    }

    internal static KeyValuePair<string, object?> Listener(string name) => new("listener", name);

    private static KeyValuePair<string, object?> Fault(CloseReason reason) => new("fault", FaultNames[(int)reason]);

    /// <summary>As <c>error.type</c> and <c>reason</c>.</summary>
    public static string NameOf(CloseReason reason) => ReasonNames[(int)reason];

    /// <summary>As <c>fault</c>.</summary>
    public static string FaultNameOf(CloseReason reason) => FaultNames[(int)reason];

    /// <summary>As <c>operation</c>.</summary>
    public static string Name(StallOperation operation) => Operations[(int)operation];

    /// <summary>As <c>want</c>.</summary>
    public static string Name(StallWant want) => Wants[(int)want];

    /// <summary>As <c>leg</c>.</summary>
    public static string Name(StallLeg leg) => Legs[(int)leg];

    /// <summary>As <c>cause</c>.</summary>
    public static string Name(StallCause cause) => Causes[(int)cause];

    internal static string SnakeCase<T>(T value)
        where T : struct, Enum =>
        string.Concat(value.ToString().Select((c, i) => char.IsUpper(c) ? (i == 0 ? "" : "_") + char.ToLowerInvariant(c) : c.ToString()));
}
