using Akka.Actor;
using TlsGateway.Actors.Buffers;
using TlsGateway.Actors.ClientCertificates;
using TlsGateway.Actors.Listeners;
using TlsGateway.Actors.ProxyProtocol;
using TlsGateway.Actors.Sessions;
using TlsGateway.Actors.Settings;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.Hello;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

/// <summary>
/// One client's connection, the downstream leg: owns the socket and the TLS session, does what the <see cref="SessionMachine"/> says, gives plaintext to its
/// upstream leg and takes the answer. Handles the messages of its <see cref="TlsConnectionActor"/>, which it has from accept to close.
/// </summary>
internal sealed partial class TlsConnection
{
    /// <summary>
    /// Receives in one run before other connections get their turn: 16 pieces of 64 KiB are about half a millisecond of decryption.
    /// </summary>
    private const int ReceivesPerRun = 16;

    /// <summary>What is thrown away per run while a closing client still sends.</summary>
    private const int DiscardsPerRun = 4;

    /// <summary>
    /// TLS 1.3 tickets leave with the first application data; without any for this long they leave alone. Long enough for an upstream on the same site to
    /// answer, short beside a client that reconnects.
    /// </summary>
    private const long TicketDelayNanos = 100_000_000;

    private ConnectionSeed _seed;
    private readonly TlsConnectionActor _actor;
    private readonly EventLoop _loop;
    private readonly SocketHandle _socket;
    private readonly StallClock _stalls;
    private readonly AppDataConsumed _credit = new();
    private ITlsSession? _session;
    private IActorRef? _upstream;
    private UpstreamSeed? _upstreamSeed;
    private SessionState _state;
    private AppDataQueue _pending;
    private AppData? _plaintext;
    private long _lastActivity;
    private long _deadline;
    private int _owedCredit;
    private bool _ticketsOwed;
    private bool _handshakeCounted;
    private bool _isShutdownTimed;
    private FirstFlight _firstFlight;
    private ClientHello? _hello;
    private TlsFailure _refusal = TlsFailure.None;
    private int _rehandshakesSeen;
    private int _keyUpdatesSeen;
    private long _began;
    private long _receivedBytes;
    private long _sentBytes;
    private long _bytesSinceKeys;
    private long _keysSince;
    private bool _rehandshakeRefused;
    private RouteSettings? _route;
    private ProxyHeader? _proxyHeader;
    private bool _proxyHeaderDue;
    private TlsPeerCertificate? _peer;
    private TlsSessionInfo? _negotiated;
    private long _handshakeNanos = -1;
    private long _engineNanos;
    private long _lookUpNanos;
    private long _lookUpSince;
    private long _helloAt = -1;
    private long _routedAt = -1;
    private long _receivedRecordsSeen;
    private long _sentRecordsSeen;

    /// <param name="seed">What it begins with.</param>
    /// <param name="actor">Whose it is, until <see cref="IsOver"/>.</param>
    public TlsConnection(ConnectionSeed seed, TlsConnectionActor actor)
    {
        _seed = seed;
        _actor = actor;
        _loop = seed.Loop.Loop;
        _stalls = new StallClock(seed.Counters.Stalls);
        _state = SessionMachine.Accepted(seed.Generation.Settings.CreditBytes);
        _socket = seed.Socket;
        _proxyHeaderDue = seed.Generation.Settings.ProxyProtocolFrom is { } proxies && proxies.Contains(seed.Peer);
    }

    /// <summary>Waits for the client's first bytes until the handshake's deadline. Called once, first.</summary>
    public void Begin()
    {
        var now = _loop.ReadTimestamp();
        _seed.Loop.Connections.Add(this);
        _began = now;
        _socket.Owner = _actor.Reference;
        _lastActivity = now;
        SetDeadline(now + Nanos(_seed.Generation.Settings.HandshakeTimeout));
        Settle();
    }

    /// <summary>The member that accepted it and relays it; null: it was accepted here.</summary>
    public string? RelayedFrom => _seed.Relayed?.Origin;

    /// <summary>Nothing is left to be done but <see cref="End"/>.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The upstream leg was begun, and has to be ended too.</summary>
    public bool HasUpstream => _upstream is not null;

    /// <summary>Gives back all it has, and counts and logs how it ended. Called once, and nothing after it.</summary>
    /// <param name="otherwise">Why, if the machine does not say so: it was cut short.</param>
    public void End(CloseReason otherwise)
    {
        var reason = _state.Reason != CloseReason.None ? _state.Reason : otherwise;
        var now = _loop.ReadTimestamp();
        _seed.Loop.Connections.Remove(Number);
        var failure = _refusal.Kind == TlsFailureKind.None ? _session?.Failure ?? TlsFailure.None : _refusal;
        if (!_handshakeCounted)
        {
            _seed.Counters.CountHandshakeFailure(reason);
            _seed.Counters.Events?.RecordFailedHandshake(_seed.Counters.Listener, reason, now - _began);
        }

        if (failure.Alert >= 0)
            _seed.Counters.CountAlert(failure.Alert, received: failure.Kind == TlsFailureKind.PeerAlert);
        if (!_handshakeCounted || reason.IsRefusedClient())
            _seed.Loop.HandshakeFailures.Log(_seed, reason, failure, _hello, now);
        _stalls.End(now);
        Tell(reason, failure, now);
        _loop.Timers.Cancel(_actor.Timer);
        _actor.CancelThrottle();
        _session?.Dispose();
        _pending.Clear();
        _plaintext?.Dispose();
        ConnectionLog.Closed(_seed.Loop.Log, _seed.Generation.Settings.Name, _seed.Peer, reason, failure.Detail);
        _seed.Release(reason);
    }

    /// <summary>Takes one message; look at <see cref="IsOver"/> afterwards.</summary>
    /// <param name="message">Any of the data path's.</param>
    /// <returns>False: no such message.</returns>
    public bool Handle(object message)
    {
        switch (message)
        {
            case SocketReadable:
                OnReadable();
                break;
            case AppData data:
                OnData(data);
                break;
            case AppDataConsumed consumed:
                _lastActivity = _loop.Now;
                SessionMachine.CreditGranted(ref _state, consumed.Take());
                Run();
                break;
            case SocketWritable:
                OnWritable();
                break;
            case PeerClosed:
                SessionMachine.UpstreamEnded(ref _state);
                Run();
                break;
            case UpstreamFlushed:
                SessionMachine.UpstreamWasFlushed(ref _state);
                Run();
                break;
            case TimerDue:
                OnTimer();
                break;
            case UpstreamFailed failed:
                OnUpstreamFailed(failed.Reason);
                Run();
                break;
            case ClientCertificateChecked answered:
                OnClientChecked(answered);
                break;
            case Rehandshake:
                _actor.Answer(OnRehandshake());
                break;
            case RequestClientCertificate:
                _actor.Answer(OnStepUp());
                break;
            case CloseByOrder:
                _actor.Answer(OnCloseByOrder());
                break;
            case Drain:
                SessionMachine.DrainBegan(ref _state);
                Run();
                break;
            case ThrottleOver:
                OnThrottleOver();
                break;
            case CloseForMemory:
                SessionMachine.Expired(ref _state, CloseReason.MemoryPressure);
                Run();
                break;
            case CloseForBalance:
                SessionMachine.Expired(ref _state, CloseReason.Rebalanced);
                Run();
                break;
            case CloseNow:
                SessionMachine.Expired(ref _state, CloseReason.Drained);
                Run();
                break;
            default:
                return false;
        }

        return true;
    }

    private void OnReadable()
    {
        _lastActivity = _loop.ReadTimestamp();
        _stalls.Serve(
            SessionStalls.Downstream.OnRead,
            SessionStalls.Downstream.Self(_state, StallWant.Read),
            _socket.ReadableSince,
            _lastActivity
        );
        SessionMachine.BecameReadable(ref _state);
        Run();
    }

    private void OnWritable()
    {
        var now = _loop.ReadTimestamp();
        _stalls.Serve(SessionStalls.Downstream.OnWrite, SessionStalls.Downstream.Self(_state, StallWant.Write), _socket.WritableSince, now);
        SessionMachine.BecameWritable(ref _state);
        Run();
    }

    private void OnData(AppData data)
    {
        _upstreamSeed!.CountReceived(data.Length);
        // Past our own end there is nobody to give it to.
        if (_state.Phase is SessionPhase.Closed || _state.SessionDead || _state.NotifyQueued)
        {
            data.Dispose();
            return;
        }

        _lastActivity = _loop.Now;
        _pending.Add(data);
        SessionMachine.DataArrived(ref _state);
        Run();
    }

    private void OnTimer()
    {
        var now = _loop.ReadTimestamp();
        // A deadline that moved while the message was on its way.
        if (now < _deadline)
            return;
        switch (_state.Phase)
        {
            case SessionPhase.PeekingHello or SessionPhase.Handshaking:
                SessionMachine.Expired(ref _state, CloseReason.HandshakeTimeout);
                break;
            case SessionPhase.Open or SessionPhase.Draining when _state.PeerCheckPending:
                SessionMachine.PeerCheckEnded(ref _state, SessionFacts.Of(_session!, failed: false));
                SessionMachine.Expired(ref _state, CloseReason.HandshakeTimeout);
                break;
            case SessionPhase.Open or SessionPhase.Draining when _ticketsOwed:
                _ticketsOwed = false;
                _ = _session!.FlushTickets();
                SessionMachine.RehandshakeReturned(ref _state, SessionFacts.Of(_session, failed: false));
                SetOpenDeadline(now);
                break;
            case SessionPhase.Open or SessionPhase.Draining:
                OnOpenDeadline(now);
                break;
            case SessionPhase.ShuttingDown:
                SessionMachine.Expired(ref _state, CloseReason.ShutdownTimeout);
                break;
            case SessionPhase.Closed:
                break;
        }

        Run();
    }

    private void OnClientChecked(ClientCertificateChecked answered)
    {
        // It comes from another thread, and may come when the actor has another connection.
        if (answered.Connection != this || !_state.PeerCheckPending)
            return;
        var verdict = answered.Verdict;
        var session = _session!;
        _lookUpNanos += _loop.ReadTimestamp() - _lookUpSince;
        if (!verdict.IsGood)
            session.Fail(verdict.Failure);
        SessionMachine.PeerCheckEnded(ref _state, SessionFacts.Of(session, failed: !verdict.IsGood));
        SetDeadlines(session);
        Run();
    }

    /// <summary>Does what the machine says until only a message can change anything.</summary>
    private void Run()
    {
        var receives = 0;
        while (true)
        {
            switch (SessionMachine.Next(_state))
            {
                case SessionAction.ReceiveHello:
                    ReceiveHello();
                    break;
                case SessionAction.Handshake:
                    Handshake();
                    break;
                case SessionAction.Receive:
                    if (receives++ == ReceivesPerRun)
                    {
                        Yield();
                        return;
                    }

                    if (_seed.Limits is null || MayReceive(_seed.Limits))
                        Receive();
                    break;
                case SessionAction.Read:
                    Read();
                    break;
                case SessionAction.Write:
                    Write();
                    break;
                case SessionAction.Send:
                    if (_seed.Limits is null || MaySend(_seed.Limits))
                        Send();
                    break;
                case SessionAction.OpenUpstream:
                    OpenUpstream();
                    break;
                case SessionAction.Shutdown:
                    var status = _session!.Shutdown();
                    SessionMachine.ShutdownReturned(ref _state, status, Facts(status), _loop.Now);
                    break;
                case SessionAction.CloseUpstream:
                    PassOn();
                    _upstream!.Tell(PeerClosed.Instance, ActorRefs.NoSender);
                    SessionMachine.UpstreamTold(ref _state);
                    break;
                case SessionAction.ShutdownSocket:
                    _socket.ShutdownWrite();
                    SessionMachine.SocketWasShut(ref _state);
                    break;
                case SessionAction.Discard:
                    if (receives++ == DiscardsPerRun)
                    {
                        Yield();
                        return;
                    }

                    Discard();
                    break;
                case SessionAction.Close:
                    SessionMachine.WasClosed(ref _state);
                    IsOver = true;
                    return;
                case SessionAction.Wait:
                    Settle();
                    return;
                default:
                    throw new InvalidOperationException("no such action");
            }
        }
    }

    /// <summary>More is ready, but others wait: the socket says so again at the loop's next pass.</summary>
    private void Yield()
    {
        SessionMachine.ReceivedNothing(ref _state);
        Settle();
    }

    /// <summary>
    /// Before waiting: asks for the events that can help, times the shutdown, brings the stall clock up to date, gives back memory that holds little.
    /// </summary>
    private void Settle()
    {
        PassOn();
        if (_state.Phase == SessionPhase.ShuttingDown && !_isShutdownTimed)
        {
            _isShutdownTimed = true;
            SetDeadline(_loop.ReadTimestamp() + Nanos(_seed.Generation.Settings.ShutdownTimeout));
        }

        if (!_state.SocketReadable && !_state.SocketEof && !_receiveHeld)
            _socket.NotifyReadable();
        if (_state.TxPending && !_state.SocketWritable && !_sendHeld)
            _socket.NotifyWritable();
        if (!_isHalfClosed && (_state.ReadClosed || _state.UpstreamEnded) && _state.Phase is SessionPhase.Open or SessionPhase.Draining)
            BecameHalfClosed();
        var stalls = _receiveHeld || _sendHeld ? HeldStalls : SessionStalls.Downstream.Of(_state);
        if (((_stalls.Active ^ stalls) & SessionStalls.Downstream.Scope) != 0)
            _stalls.Update(SessionStalls.Downstream.Scope, stalls, _loop.ReadTimestamp());
        if (_owedCredit > 0)
            ReturnCredit();
        if (_state.TxPending || _state.RxBuffered)
            _session?.Compact();
        RenewKeysWhenDue();
    }

    private SessionFacts Facts(TlsStatus status) => SessionFacts.Of(_session!, status == TlsStatus.Error);

    private void SetDeadline(long due)
    {
        _deadline = due;
        _loop.Timers.Schedule(_actor.Timer, due);
    }

    private static long Nanos(TimeSpan span) => span.Ticks * TimeSpan.NanosecondsPerTick;
}
