using TlsGateway.Actors.Events;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Stalls;
using TlsGateway.Actors.Usage;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Connections;

// What is told of a connection when it is over.
internal sealed partial class TlsConnection
{
    private ConnectionTrace? _trace;

    /// <summary>To the event pipeline, the traces and the histogram, in so far as somebody wants to know.</summary>
    private void Tell(CloseReason reason, TlsFailure failure, long now)
    {
        if (StalledNanos is var stalled and > 0)
            _seed.Loop.Usage.Add(UsageQuestion.StalledNanos, UsageKeyOf(), stalled, now);
        var tracer = _seed.Loop.Tracer;
        var isTraced = tracer is not null && (_trace is not null || tracer.Keeps(reason, _stalls.Longest, now));
        var end = isTraced || _seed.Loop.Events.IsRead ? DescribeEnd(reason, failure, now) : null;
        if (isTraced)
        {
            _trace ??= ConnectionTracer.Begin(end!.Listener, end.Began);
            using (_trace?.End(end!))
                RecordDuration(reason, now);
        }
        else
        {
            RecordDuration(reason, now);
        }

        if (end is not null && _seed.Loop.Events.IsRead)
            _seed.Loop.Events.Add(end);
    }

    /// <summary>A handshake ended well: for the lists of who still does what.</summary>
    private void CountUsage(TlsSessionInfo negotiated, bool tls13)
    {
        var (usage, key, now) = (_seed.Loop.Usage, UsageKeyOf(), _loop.Now);
        usage.Add(UsageQuestion.Handshakes, key, 1, now);
        if (!tls13)
            usage.Add(UsageQuestion.Tls12, key, 1, now);
        if (!negotiated.Group.Contains("MLKEM", StringComparison.OrdinalIgnoreCase))
            usage.Add(UsageQuestion.NoPostQuantumGroup, key, 1, now);
        if (negotiated.ServerName.Length == 0)
            usage.Add(UsageQuestion.NoServerName, key, 1, now);
    }

    /// <summary>Nanoseconds for which it was stalled so far.</summary>
    internal long StalledNanos =>
        _stalls.NanosOf(StallCause.Client) + _stalls.NanosOf(StallCause.Upstream) + _stalls.NanosOf(StallCause.Self);

    internal UsageKey UsageKeyOf() =>
        UsageKey.Of(_seed.Peer, _seed.Generation.Settings.ClientLimits, _seed.Generation.Names.Find(_hello?.ServerName ?? ""));

    private void RecordDuration(CloseReason reason, long now) =>
        _seed.Counters.Events?.RecordConnection(_seed.Counters.Listener, reason, now - _began);

    /// <summary>Loop time is not wall time, and wall time may be set.</summary>
    private DateTimeOffset WhenBegan(long now) => _seed.Loop.Time.GetUtcNow() - Span(now - _began);

    private ConnectionEnd DescribeEnd(CloseReason reason, TlsFailure failure, long now)
    {
        var counters = _session?.Counters ?? default;
        return new ConnectionEnd
        {
            Id = new ConnectionId(_loop.Index, Number),
            Listener = _seed.Generation.Settings.Name,
            Generation = _seed.Generation.Number,
            Peer = _seed.Peer,
            LocalPort = _seed.LocalPort,
            Began = WhenBegan(now),
            Duration = Span(now - _began),
            Engine = _seed.Generation.Settings.Engine,
            Negotiated = _negotiated,
            Hello = _hello,
            ClientCertificate = _peer,
            Handshake = _handshakeNanos < 0 ? null : Span(_handshakeNanos),
            HelloAfter = _helloAt < 0 ? null : Span(_helloAt - _began),
            RoutedAfter = _routedAt < 0 ? null : Span(_routedAt - _began),
            ConnectedAfter = _upstreamSeed is { ConnectedAt: >= 0 and var connectedAt } ? Span(connectedAt - _began) : null,
            HandshakeEngine = Span(_engineNanos),
            HandshakeLookUp = Span(_lookUpNanos),
            Route = _route?.Name ?? "",
            Upstream = _route?.Target.Upstream?.Name ?? "",
            Endpoint = _upstreamSeed?.LastEndpoint?.ToString() ?? "",
            UpstreamNegotiated = _upstreamSeed?.LastSession,
            ReceivedBytes = _receivedBytes,
            SentBytes = _sentBytes,
            ReceivedRecords = counters.RxRecords,
            SentRecords = counters.TxRecords,
            Rehandshakes = counters.Rehandshakes,
            KeyUpdatesReceived = counters.RxKeyUpdates,
            StalledByClient = Span(_stalls.NanosOf(StallCause.Client)),
            StalledByUpstream = Span(_stalls.NanosOf(StallCause.Upstream)),
            StalledBySelf = Span(_stalls.NanosOf(StallCause.Self)),
            LongestStall = _stalls.Longest,
            Stalls = _stalls.History is { Count: > 0 } stalls
                ? [.. stalls.Select(span => (span.Key, Span(span.From - _began), Span(span.Nanos)))]
                : [],
            Reason = reason,
            Alert = failure.Alert,
            IsAlertReceived = failure.Kind == TlsFailureKind.PeerAlert,
            Detail = failure.Detail,
        };
    }
}
