using Akka.Actor;
using TlsGateway.Actors.Buffers;
using TlsGateway.Actors.Listeners;
using TlsGateway.Actors.Sessions;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

/// <summary>
/// One client's connection, the downstream leg: owns the socket and the TLS session, does what the <see cref="SessionMachine"/> says, gives plaintext to its
/// <see cref="UpstreamActor"/> and takes the answer.
/// </summary>
/// <remarks>
/// Supervised by the listener's actor on the same loop; a failure stops this one connection, which loses what was in flight on it. The mailbox is bounded by
/// construction: at most one readiness message per direction, one timer, one credit message, and data up to the credit given.
/// </remarks>
internal sealed class TlsConnectionActor : UntypedActor
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

    /// <summary>
    /// What one recv takes. With the record that OpenSSL works on and the plaintext, this much stays in a core's second-level cache; the whole chunk at once does not.
    /// </summary>
    private const int ReceivePiece = 64 * 1024;

    private readonly ConnectionSeed _seed;
    private readonly EventLoop _loop;
    private readonly SocketHandle _socket;
    private readonly StallClock _stalls;
    private readonly AppDataConsumed _credit = new();
    private ConnectionTimer? _timer;
    private ITlsSession? _session;
    private IActorRef? _upstream;
    private SessionState _state;
    private AppDataQueue _pending;
    private AppData? _plaintext;
    private long _lastActivity;
    private long _deadline;
    private int _owedCredit;
    private bool _ticketsOwed;
    private bool _handshakeCounted;
    private bool _isShutdownTimed;
    private bool _inHandler;
    private HelloPrefix _hello;
    private int _rehandshakesSeen;
    private int _keyUpdatesSeen;

    public TlsConnectionActor(ConnectionSeed seed)
    {
        _seed = seed;
        _loop = seed.Loop.Loop;
        _stalls = new StallClock(seed.Counters.Stalls);
        _state = SessionMachine.Accepted(seed.Generation.Settings.CreditBytes);
        _socket = seed.Socket;
    }

    protected override void PreStart()
    {
        var now = _loop.ReadTimestamp();
        _socket.Owner = Self;
        _timer = new ConnectionTimer(Self);
        _lastActivity = now;
        SetDeadline(now + Nanos(_seed.Generation.Settings.HandshakeTimeout));
        Settle();
    }

    protected override void PostStop()
    {
        var reason =
            _state.Reason != CloseReason.None ? _state.Reason
            : _inHandler ? CloseReason.InternalError
            : CloseReason.Stopped;
        if (!_handshakeCounted)
            _seed.Counters.CountHandshakeFailure(reason);
        _stalls.Update(ulong.MaxValue, 0, _loop.ReadTimestamp());
        if (_timer is not null)
            _loop.Timers.Cancel(_timer);
        _socket.Close();
        _session?.Dispose();
        _pending.Clear();
        _plaintext?.Dispose();
        _seed.Generation.Release();
        _seed.Counters.CountClosed(reason);
        _seed.Counters.Ended();
        ConnectionLog.Closed(_seed.Loop.Log, _seed.Generation.Settings.Name, _seed.Peer, reason, _session);
        Context.Parent.Tell(ConnectionEnded.Instance, ActorRefs.NoSender);
    }

    // Connections are stopped, never restarted: what a crashed connection had negotiated is gone.
    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    protected override void OnReceive(object message)
    {
        // Still set when the actor stops: a handler threw.
        _inHandler = true;
        Handle(message);
        _inHandler = false;
    }

    private void Handle(object message)
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
                SessionMachine.UpstreamFailed(ref _state, failed.Reason);
                Run();
                break;
            case Rehandshake:
                OnRehandshake();
                break;
            case Drain:
                SessionMachine.DrainBegan(ref _state);
                Run();
                break;
            case CloseNow:
                SessionMachine.Expired(ref _state, CloseReason.Drained);
                Run();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void OnReadable()
    {
        _lastActivity = _loop.ReadTimestamp();
        _stalls.Serve(SessionStalls.OnRead, SessionStalls.Self(_state, StallWant.Read), _socket.ReadableSince, _lastActivity);
        SessionMachine.BecameReadable(ref _state);
        Run();
    }

    private void OnWritable()
    {
        var now = _loop.ReadTimestamp();
        _stalls.Serve(SessionStalls.OnWrite, SessionStalls.Self(_state, StallWant.Write), _socket.WritableSince, now);
        SessionMachine.BecameWritable(ref _state);
        Run();
    }

    private void OnData(AppData data)
    {
        _seed.Counters.UpstreamReceivedBytes += data.Length;
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
            case SessionPhase.Open or SessionPhase.Draining when _ticketsOwed:
                _ticketsOwed = false;
                _ = _session!.FlushTickets();
                SessionMachine.RehandshakeReturned(ref _state, SessionFacts.Of(_session, failed: false));
                SetDeadline(_lastActivity + Nanos(_seed.Generation.Settings.IdleTimeout));
                break;
            case SessionPhase.Open or SessionPhase.Draining:
                var due = _lastActivity + Nanos(_seed.Generation.Settings.IdleTimeout);
                if (due > now)
                    SetDeadline(due);
                else
                    SessionMachine.Expired(ref _state, CloseReason.IdleTimeout);
                break;
            case SessionPhase.ShuttingDown:
                SessionMachine.Expired(ref _state, CloseReason.ShutdownTimeout);
                break;
            case SessionPhase.Closed:
                break;
        }

        Run();
    }

    private void OnRehandshake()
    {
        if (_session is not { IsHandshakeComplete: true } session || _state.Phase is not (SessionPhase.Open or SessionPhase.Draining))
            return;
        if (session.Rehandshake() == TlsStatus.Error && session.Failure.Kind == TlsFailureKind.NotSupported)
            _ = session.KeyUpdate(askPeer: true);
        SessionMachine.RehandshakeReturned(ref _state, SessionFacts.Of(session, failed: false));
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

                    Receive();
                    break;
                case SessionAction.Read:
                    Read();
                    break;
                case SessionAction.Write:
                    Write();
                    break;
                case SessionAction.Send:
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
                    Context.Stop(Self);
                    return;
                case SessionAction.Wait:
                    Settle();
                    return;
                default:
                    throw new InvalidOperationException("no such action");
            }
        }
    }

    private void ReceiveHello()
    {
        // The session is made when the first bytes come: a client that says nothing costs none.
        var session = _session ??= _seed.Generation.Context.CreateSession(_seed.Loop.Buffers);
        var free = session.RxFree;
        var result = _socket.Receive(free);
        if (result.Status != IoStatus.Ok)
        {
            session.RxCommit(0);
            Received(result);
            return;
        }

        var kind = ClientHelloClassifier.Classify(_hello.Append(free[..result.Bytes]));
        if (kind == FirstBytes.PlainHttp)
            _ = _socket.Send(PlainHttpAnswer.Bytes);
        session.RxCommit(result.Bytes);
        _seed.Counters.DownstreamReceivedBytes += result.Bytes;
        SessionMachine.Received(ref _state, _socket.IsReadable);
        SessionMachine.HelloSeen(ref _state, kind);
    }

    private void Handshake()
    {
        var session = _session!;
        var status = session.Handshake();
        SessionMachine.HandshakeReturned(ref _state, status, Facts(status), _loop.Now);
        if (status == TlsStatus.Done)
            HandshakeCompleted(session);
    }

    private void HandshakeCompleted(ITlsSession session)
    {
        _handshakeCounted = true;
        _seed.Counters.CountHandshake(session.IsTls13, session.IsResumed);
        ConnectionLog.Established(_seed.Loop.Log, _seed.Generation.Settings.Name, _seed.Peer, session);
        var now = _loop.Now;
        _ticketsOwed = session.OwesTickets;
        SetDeadline(_ticketsOwed ? now + TicketDelayNanos : now + Nanos(_seed.Generation.Settings.IdleTimeout));
    }

    private void OpenUpstream()
    {
        _upstream = Context.ActorOf(
            Props
                .CreateBy(
                    new ActorProducer<UpstreamActor, UpstreamSeed>(
                        new UpstreamSeed(_seed, _stalls, Self),
                        static seed => new UpstreamActor(seed)
                    )
                )
                .WithDeploy(_seed.Loop.Pin)
        );
        SessionMachine.UpstreamOpened(ref _state);
    }

    private void Receive()
    {
        var session = _session!;
        var free = session.RxFree;
        if (free.IsEmpty)
        {
            SessionMachine.ReceiveRefused(ref _state);
            return;
        }

        var result = _socket.Receive(free.Length > ReceivePiece ? free[..ReceivePiece] : free);
        session.RxCommit(result.Bytes);
        Received(result);
    }

    private void Received(IoResult result)
    {
        switch (result.Status)
        {
            case IoStatus.Ok:
                _seed.Counters.DownstreamReceivedBytes += result.Bytes;
                SessionMachine.Received(ref _state, _socket.IsReadable);
                break;
            case IoStatus.WouldBlock:
                SessionMachine.ReceivedNothing(ref _state);
                break;
            case IoStatus.Eof:
                _session?.RxEof();
                SessionMachine.ReceivedEof(ref _state);
                break;
            default:
                SessionMachine.SocketFailed(ref _state);
                break;
        }
    }

    /// <summary>
    /// Decrypts into one piece for the upstream leg, which goes when it is full or nothing more can be received: small receives that stay in the processor's
    /// cache, and one large send.
    /// </summary>
    private void Read()
    {
        var session = _session!;
        var data = _plaintext ??= _seed.Loop.Buffers.Rent(Math.Min(_state.Credit, LoopBufferPool.ChunkBytes));
        var want = Math.Min(_state.Credit, Math.Min(data.Free.Length, LoopBufferPool.ChunkBytes - data.Length));
        var status = session.Read(data.Free[..want], out var read);
        data.Commit(read);
        CountKeyChanges(session);
        SessionMachine.ReadReturned(ref _state, status, read, Facts(status), _loop.Now);
        if (status != TlsStatus.WantRead || !_state.SocketReadable)
            PassOn();
    }

    /// <summary>Gives the upstream leg what was decrypted.</summary>
    private void PassOn()
    {
        if (_plaintext is not { } data)
            return;
        _plaintext = null;
        if (data.Length > 0)
            _upstream!.Tell(data, ActorRefs.NoSender);
        else
            data.Dispose();
    }

    private void Write()
    {
        var session = _session!;
        var status = TlsStatus.Done;
        while (!_pending.IsEmpty && status == TlsStatus.Done)
        {
            status = session.Write(_pending.First.Data, out var written);
            _owedCredit += written;
            _pending.Consume(written);
        }

        _ticketsOwed = false;
        SessionMachine.WriteReturned(ref _state, status, !_pending.IsEmpty, Facts(status), _loop.Now);
    }

    /// <summary>
    /// Credit goes back when all that came is on its way, and in quarters of the whole at least: the upstream then reads in large pieces while much is moved,
    /// many small writes cost one message, and a client that does not drain holds no second chunk.
    /// </summary>
    private void ReturnCredit()
    {
        if (_owedCredit < _seed.Generation.Settings.CreditBytes / 4 || !_pending.IsEmpty || _state.TxPending)
            return;
        // A connection that ends takes no more than is on its way.
        if (_state.Phase is not (SessionPhase.Open or SessionPhase.Draining))
            return;
        if (_credit.Add(_owedCredit))
            _upstream!.Tell(_credit, ActorRefs.NoSender);
        _owedCredit = 0;
    }

    private void Send()
    {
        var session = _session!;
        var result = _socket.Send(session.TxPending);
        switch (result.Status)
        {
            case IoStatus.Ok:
                _seed.Counters.DownstreamSentBytes += result.Bytes;
                _lastActivity = _loop.Now;
                session.TxConsume(result.Bytes);
                SessionMachine.Sent(ref _state, !session.TxPending.IsEmpty, _socket.IsWritable);
                break;
            case IoStatus.WouldBlock:
                SessionMachine.SentNothing(ref _state);
                break;
            default:
                SessionMachine.SocketFailed(ref _state);
                break;
        }
    }

    private void Discard()
    {
        var scratch = _seed.Loop.Buffers.Rent(LoopBufferPool.ChunkBytes);
        var result = _socket.Receive(scratch.Free);
        scratch.Dispose();
        switch (result.Status)
        {
            case IoStatus.Ok:
                _seed.Counters.DownstreamReceivedBytes += result.Bytes;
                SessionMachine.Discarded(ref _state, _socket.IsReadable);
                break;
            case IoStatus.WouldBlock:
                SessionMachine.ReceivedNothing(ref _state);
                break;
            case IoStatus.Eof:
                SessionMachine.ReceivedEof(ref _state);
                break;
            default:
                SessionMachine.SocketFailed(ref _state);
                break;
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

        if (!_state.SocketReadable && !_state.SocketEof)
            _socket.NotifyReadable();
        if (_state.TxPending && !_state.SocketWritable)
            _socket.NotifyWritable();
        var stalls = SessionStalls.Of(_state);
        if (((_stalls.Active ^ stalls) & SessionStalls.Scope) != 0)
            _stalls.Update(SessionStalls.Scope, stalls, _loop.ReadTimestamp());
        if (_owedCredit > 0)
            ReturnCredit();
        if (_state.TxPending || _state.RxBuffered)
            _session?.Compact();
    }

    private SessionFacts Facts(TlsStatus status) => SessionFacts.Of(_session!, status == TlsStatus.Error);

    private void CountKeyChanges(ITlsSession session)
    {
        ref readonly var counters = ref session.Counters;
        if (counters.Rehandshakes != _rehandshakesSeen)
        {
            _seed.Counters.Rehandshakes += counters.Rehandshakes - _rehandshakesSeen;
            _rehandshakesSeen = counters.Rehandshakes;
        }

        if (counters.RxKeyUpdates != _keyUpdatesSeen)
        {
            _seed.Counters.KeyUpdatesReceived += counters.RxKeyUpdates - _keyUpdatesSeen;
            _keyUpdatesSeen = counters.RxKeyUpdates;
        }
    }

    private void SetDeadline(long due)
    {
        _deadline = due;
        _loop.Timers.Schedule(_timer!, due);
    }

    private static long Nanos(TimeSpan span) => span.Ticks * TimeSpan.NanosecondsPerTick;
}
