using System.Net;
using Akka.Actor;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Sessions;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;
using TlsGateway.Tls.Hello;

namespace TlsGateway.Actors.Connections;

// What operators and policies ask of a connection, and what they see of it.
internal sealed partial class TlsConnection
{
    private static readonly TimeSpan LeastIdle = TimeSpan.FromSeconds(1);

    private static readonly Blocked[] Calls =
    [
        Blocked.HandshakeOnRead,
        Blocked.HandshakeOnWrite,
        Blocked.ReadOnRead,
        Blocked.ReadOnWrite,
        Blocked.WriteOnRead,
        Blocked.WriteOnWrite,
        Blocked.ShutdownOnRead,
        Blocked.ShutdownOnWrite,
    ];

    private static readonly string[] CallNames =
    [
        "handshake_blocked_on_read",
        "handshake_blocked_on_write",
        "read_blocked_on_read",
        "read_blocked_on_write",
        "write_blocked_on_read",
        "write_blocked_on_write",
        "shutdown_blocked_on_read",
        "shutdown_blocked_on_write",
    ];

    internal TlsConnection? NextInTable;
    internal TlsConnection? PreviousInTable;

    /// <summary>Its place among the connections of its loop.</summary>
    internal long Number { get; set; }

    internal IActorRef Reference => _actor.Reference;

    internal long LastActivity => _lastActivity;

    /// <summary>Open, with nothing in flight, and not only just.</summary>
    internal bool IsIdle(long now) =>
        _state.Phase is SessionPhase.Open or SessionPhase.Draining && _stalls.Active == 0 && now - _lastActivity > Nanos(LeastIdle);

    internal bool Passes(ConnectionFilter filter) =>
        (filter.Listener is null || filter.Listener == _seed.Generation.Settings.Name)
        && (filter.IsStalled is null || filter.IsStalled == (_stalls.Active != 0))
        && (filter.Clients is null || filter.Clients.Contains(_seed.Peer))
        && (filter.ServerName is null || _hello?.ServerName.Contains(filter.ServerName, StringComparison.OrdinalIgnoreCase) == true);

    /// <summary>What it has of that, in units that only comparing needs; 0: nothing. By instants, not ages: loops and their slices are looked at one after the other.</summary>
    internal long SortKey(ConnectionSort sort) =>
        sort switch
        {
            ConnectionSort.Stall => _stalls.Active == 0 ? 0 : long.MaxValue - _stalls.OldestSince,
            ConnectionSort.Stalled => StalledNanos,
            ConnectionSort.Bytes => _receivedBytes + _sentBytes,
            _ => long.MaxValue - _began,
        };

    /// <summary>Loop time of its beginning.</summary>
    internal long Began => _began;

    internal ConnectionSnapshot Describe(long now)
    {
        var settings = _seed.Generation.Settings;
        var session = _session;
        var open = session is { IsHandshakeComplete: true } and not PassthroughSession ? session : null;
        _stalls.Charge(now);
        return new ConnectionSnapshot
        {
            RelayedFrom = RelayedFrom,
            Id = new ConnectionId(_loop.Index, Number),
            Listener = settings.Name,
            Generation = _seed.Generation.Number,
            Peer = _seed.Peer.ToIPEndPoint(),
            Phase = GatewayMetrics.SnakeCase(_state.Phase),
            Age = Span(now - _began),
            Idle = Span(now - _lastActivity),
            Engine = settings.Engine,
            Session = open?.DescribeSession(),
            ClientCertificate = _peer,
            Hello = _hello,
            Blocked = [.. CallNames.Where((_, call) => (_state.Blocked & Calls[call]) != 0)],
            Stall = _stalls.Active == 0 ? null : StallOf(_stalls.Oldest, Span(now - _stalls.OldestSince)),
            Stalls = [.. _stalls.History.Select(span => new PastStall(StallOf(span.Key, Span(span.Nanos)), Span(span.From - _began)))],
            HelloAfter = _helloAt < 0 ? null : Span(_helloAt - _began),
            Handshake = _handshakeNanos < 0 ? null : Span(_handshakeNanos),
            ConnectedAfter = _upstreamSeed is { ConnectedAt: >= 0 and var connectedAt } ? Span(connectedAt - _began) : null,
            StalledByClient = Span(_stalls.NanosOf(StallCause.Client)),
            StalledByUpstream = Span(_stalls.NanosOf(StallCause.Upstream)),
            StalledBySelf = Span(_stalls.NanosOf(StallCause.Self)),
            ReceivedBytes = _receivedBytes,
            SentBytes = _sentBytes,
            Rehandshakes = session?.Counters.Rehandshakes ?? 0,
            KeyUpdatesReceived = session?.Counters.RxKeyUpdates ?? 0,
            IsRehandshaking = session?.IsRehandshaking ?? false,
            Route = _route?.Name ?? "",
            Upstream = _route?.Target.Upstream?.Name ?? "",
            Endpoint = _upstreamSeed?.Endpoint?.ToString() ?? "",
            UpstreamSession = _upstreamSeed?.Session,
        };
    }

    private static ConnectionStall StallOf(StallKey key, TimeSpan since) =>
        new(
            GatewayMetrics.Name(key.Operation),
            GatewayMetrics.Name(key.Want),
            GatewayMetrics.Name(key.Leg),
            GatewayMetrics.Name(key.Cause),
            since
        );

    private static TimeSpan Span(long nanos) => TimeSpan.FromTicks(nanos / TimeSpan.NanosecondsPerTick);

    /// <summary>Why nothing can be asked of the session now; null: something can.</summary>
    private string? NotNow() =>
        _state.Phase is not (SessionPhase.Open or SessionPhase.Draining) || _session is not { IsHandshakeComplete: true }
            ? "the connection is not open: its handshake is not over, or it is closing"
        : IsPassedThrough ? "its TLS passes through: its session is the upstream's"
        : _session.IsRehandshaking ? "a rehandshake is running"
        : null;

    private OrderAnswer OnRehandshake() =>
        NotNow() is { } reason
            ? OrderAnswer.Refused(reason)
            : HasBegun(_session!.IsTls13 ? _session.KeyUpdate(askPeer: true) : _session.Rehandshake());

    private OrderAnswer OnStepUp()
    {
        if (NotNow() is { } reason)
            return OrderAnswer.Refused(reason);
        var answer = HasBegun(_session!.RequestClientCertificate());
        if (answer.Outcome == OrderOutcome.Refused)
            ConnectionLog.StepUpRefused(_seed.Loop.Log, _seed.Generation.Settings.Name, _seed.Peer, answer.Detail);
        return answer;
    }

    private OrderAnswer OnCloseByOrder()
    {
        if (_state.Phase == SessionPhase.Closed)
            return OrderAnswer.NotFound;
        SessionMachine.Expired(ref _state, CloseReason.ClosedByOperator);
        Run();
        return OrderAnswer.Accepted;
    }

    /// <summary>Tells the machine and sends what the session has to say.</summary>
    private OrderAnswer HasBegun(TlsStatus status)
    {
        var failure = status == TlsStatus.Error ? _session!.Failure : TlsFailure.None;
        // A refusal leaves the session as it was.
        SessionMachine.RehandshakeReturned(
            ref _state,
            SessionFacts.Of(_session!, failure.Kind is not (TlsFailureKind.None or TlsFailureKind.NotSupported))
        );
        Run();
        return failure.Kind == TlsFailureKind.None ? OrderAnswer.Accepted : OrderAnswer.Refused(failure.Detail);
    }

    /// <summary>Volume or time since the last new keys is more than the listener allows: renews them.</summary>
    private void RenewKeysWhenDue()
    {
        var settings = _seed.Generation.Settings;
        var isDue =
            (settings.RehandshakeAfterBytes > 0 && _bytesSinceKeys >= settings.RehandshakeAfterBytes)
            || (settings.RehandshakeAfter > TimeSpan.Zero && _loop.Now - _keysSince >= Nanos(settings.RehandshakeAfter));
        if (!isDue || IsPassedThrough || _state.Phase != SessionPhase.Open || NotNow() is not null)
            return;
        _bytesSinceKeys = 0;
        _keysSince = _loop.Now;
        var answer = OnRehandshake();
        if (answer.Outcome != OrderOutcome.Refused || _rehandshakeRefused)
            return;
        // Once: it is due again and again.
        _rehandshakeRefused = true;
        ConnectionLog.RehandshakeRefused(_seed.Loop.Log, settings.Name, _seed.Peer, answer.Detail);
    }
}
