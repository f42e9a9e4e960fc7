using Akka.Actor;
using TlsGateway.Actors.Buffers;
using TlsGateway.Actors.Events;
using TlsGateway.Actors.Sessions;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

// What the session machine asks for: one method per SessionAction, each tells the machine what came of it.
internal sealed partial class TlsConnection
{
    /// <summary>
    /// What one recv takes. With the record that OpenSSL works on and the plaintext, this much stays in a core's second-level cache; the whole chunk at once does not.
    /// </summary>
    private const int ReceivePiece = 64 * 1024;

    private void ReceiveHello()
    {
        // The session is made when the first bytes come: a client that says nothing costs none.
        var routes = _seed.Generation.Routes;
        var session = _session ??=
            routes.PassesThrough || _proxyHeaderDue
                ? new PassthroughSession(_seed.Loop.Buffers)
                : _seed.Generation.Context.CreateSession(_seed.Loop.Buffers);
        var free = session.RxFree;
        var result = _socket.Receive(free);
        if (result.Status != IoStatus.Ok)
        {
            session.RxCommit(0);
            Received(result);
            return;
        }

        session.RxCommit(result.Bytes);
        CountReceived(result.Bytes);
        SessionMachine.Received(ref _state, _socket.IsReadable);
        if (!_proxyHeaderDue)
            LookAtFirstFlight(free[..result.Bytes]);
        else if (session is PassthroughSession received && TakeProxyHeader(received))
            LookAtFirstFlight(received.Received);
    }

    /// <summary>What the bytes that came are the beginning of.</summary>
    private void LookAtFirstFlight(ReadOnlySpan<byte> received)
    {
        var maxBytes = _seed.Generation.Settings.Tls.Limits.MaxHandshakeBytes;
        var kind = _firstFlight.Look(received, maxBytes, out _hello, out _refusal);
        if (kind == FirstBytes.PlainHttp)
            _ = _socket.Send(PlainHttpAnswer.Bytes);
        if (_firstFlight.HasBegun)
            SessionMachine.HelloBegan(ref _state);
        if (_hello is not null)
            _helloAt = _loop.Now;
        if (_refusal.Kind == TlsFailureKind.None && _hello is not null)
            ChooseRoute(_hello);
        if (_refusal.Kind == TlsFailureKind.None && _hello is not null && !IsPassedThrough && RefusesHandshake())
            return;
        if (_refusal.Kind == TlsFailureKind.None)
        {
            SessionMachine.HelloSeen(ref _state, kind);
            if (_hello is not null && PreConnects)
                OpenUpstream();
        }
        else
            RefuseHello();
    }

    /// <summary>Says why in plain text (RFC 8446 §5.1, §6): there are no keys yet and the session was never begun.</summary>
    private void RefuseHello() =>
        RefuseHello(
            _refusal.Kind switch
            {
                TlsFailureKind.LimitExceeded => CloseReason.LimitExceeded,
                TlsFailureKind.AccessDenied => CloseReason.RouteRejected,
                _ => CloseReason.MalformedClientHello,
            }
        );

    private void RefuseHello(CloseReason reason)
    {
        const byte AlertRecord = 21;
        const byte Fatal = 2;
        _ = _socket.Send([AlertRecord, 3, 3, 0, 2, Fatal, (byte)_refusal.Alert]);
        SessionMachine.HelloRefused(ref _state, reason);
    }

    private void Handshake()
    {
        var session = _session!;
        var began = _loop.ReadTimestamp();
        var status = session.Handshake();
        _engineNanos += _loop.ReadTimestamp() - began;
        SessionMachine.HandshakeReturned(ref _state, status, Facts(status), _loop.Now);
        if (status == TlsStatus.Done)
            HandshakeCompleted(session);
    }

    private void HandshakeCompleted(ITlsSession session)
    {
        _handshakeCounted = true;
        if (IsPassedThrough)
        {
            ConnectionLog.PassedThrough(_seed.Loop.Log, _seed.Generation.Settings.Name, _seed.Peer, _hello!.ServerName, _route!.Name);
            SetDeadlines(session);
            return;
        }

        // On TLS 1.3 the client speaks last, and tickets wait for the first answer: a client without TCP_NODELAY would wait for its acknowledgement.
        if (session.IsTls13 && session.RxBuffered == 0)
            _socket.AcknowledgeNow();
        _keysSince = _loop.Now;
        _peer = session.PeerCertificate;
        _negotiated = session.DescribeSession();
        _seed.Counters.CountHandshake(_seed.Generation.Settings.Engine, _negotiated, session.IsTls13);
        CountUsage(_negotiated, session.IsTls13);
        if (session.IsResumed)
            _seed.Limits?.HandshakeWasResumed();
        ConnectionLog.Established(_seed.Loop.Log, _seed.Generation.Settings.Name, _seed.Peer, session);
        if (!ChooseRouteByCertificate(session) || !BeginPeerCheck(session))
            SetDeadlines(session);
    }

    /// <summary>
    /// Has a shown certificate looked up where the listener says so. True: the answer comes as a message, within the handshake timeout, which goes on.
    /// </summary>
    private bool BeginPeerCheck(ITlsSession session)
    {
        if (_seed.Generation.Settings.ClientCertificateStatus is not { } status || session.PeerCertificate is not { } certificate)
            return false;
        SessionMachine.PeerCheckBegan(ref _state);
        if (status.Known(certificate) is { } known)
        {
            if (!known.IsGood)
                session.Fail(known.Failure);
            SessionMachine.PeerCheckEnded(ref _state, SessionFacts.Of(session, failed: !known.IsGood));
            return false;
        }

        _lookUpSince = _loop.ReadTimestamp();
        _ = status.AskAsync(certificate).PipeTo(_actor.Reference, success: verdict => new ClientCertificateChecked(this, verdict));
        return true;
    }

    private void SetDeadlines(ITlsSession session)
    {
        var now = _loop.Now;
        if (_handshakeNanos < 0 && !IsPassedThrough)
            CountHandshakeTime(session);
        _ticketsOwed = session.OwesTickets;
        if (_ticketsOwed)
            SetDeadline(now + TicketDelayNanos);
        else
            SetOpenDeadline(now);
    }

    /// <summary>The first handshake is over, the look-up of the client's certificate included.</summary>
    private void CountHandshakeTime(ITlsSession session)
    {
        var now = _loop.ReadTimestamp();
        _handshakeNanos = now - _began;
        _stalls.Charge(now);
        var tracer = _seed.Loop.Tracer;
        _trace =
            tracer is not null && tracer.Samples(_stalls.Longest, now)
                ? ConnectionTracer.Begin(_seed.Counters.Listener, WhenBegan(now))
                : null;
        using (_trace?.Handshake(_negotiated!, Span(_handshakeNanos)))
        {
            _seed.Counters.CountHandshakeTime(
                session.IsTls13,
                session.IsResumed,
                _handshakeNanos,
                _stalls.NanosOf(StallCause.Client),
                _engineNanos,
                _lookUpNanos
            );
        }
    }

    private void OpenUpstream()
    {
        _upstream = _actor.Upstream;
        _upstream.Tell(SeedOfUpstream(), ActorRefs.NoSender);
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
        if (result.Status == IoStatus.Ok)
            CountReceived(result.Bytes);
        SessionTransfer.Received(ref _state, _session, result, _socket.IsReadable);
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
        _bytesSinceKeys += read;
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
            _bytesSinceKeys += written;
            _pending.Consume(written);
        }

        _ticketsOwed = false;
        CountSentRecords(session);
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
        var result = _socket.Send(session.TxPending, more: SessionMachine.ClosesAfterSending(_state));
        if (result.Status == IoStatus.Ok)
            CountSent(result.Bytes);
        SessionTransfer.Sent(ref _state, session, result, _socket.IsWritable);
    }

    private void Discard()
    {
        var scratch = _seed.Loop.Buffers.Rent(LoopBufferPool.ChunkBytes);
        var result = _socket.Receive(scratch.Free);
        scratch.Dispose();
        switch (result.Status)
        {
            case IoStatus.Ok:
                CountReceived(result.Bytes);
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

    private void CountSent(int bytes)
    {
        _seed.Counters.DownstreamSentBytes += bytes;
        _sentBytes += bytes;
        _seed.Limits?.Sent(_loop.Now, bytes);
        _lastActivity = _loop.Now;
    }

    private void CountReceived(int bytes)
    {
        _seed.Counters.DownstreamReceivedBytes += bytes;
        _receivedBytes += bytes;
        _seed.Limits?.Received(_loop.Now, bytes);
    }

    /// <summary>After a rehandshake: who the client is may have changed, and is looked up again.</summary>
    private void TakeIdentity(ITlsSession session)
    {
        var now = session.PeerCertificate;
        _negotiated = session.DescribeSession();
        if (ReferenceEquals(now, _peer))
            return;
        ConnectionLog.IdentityChanged(_seed.Loop.Log, _seed.Generation.Settings.Name, _seed.Peer, _peer, now);
        _peer = now;
        _ = BeginPeerCheck(session);
    }

    private void CountSentRecords(ITlsSession session)
    {
        var sent = session.Counters.TxRecords;
        _seed.Counters.SentRecords += sent - _sentRecordsSeen;
        _sentRecordsSeen = sent;
    }

    private void CountKeyChanges(ITlsSession session)
    {
        ref readonly var counters = ref session.Counters;
        _seed.Counters.ReceivedRecords += counters.RxRecords - _receivedRecordsSeen;
        _receivedRecordsSeen = counters.RxRecords;
        if (counters.Rehandshakes != _rehandshakesSeen)
        {
            _seed.Counters.Rehandshakes += counters.Rehandshakes - _rehandshakesSeen;
            _rehandshakesSeen = counters.Rehandshakes;
            TakeIdentity(session);
        }

        if (counters.RxKeyUpdates != _keyUpdatesSeen)
        {
            _seed.Counters.KeyUpdatesReceived += counters.RxKeyUpdates - _keyUpdatesSeen;
            _keyUpdatesSeen = counters.RxKeyUpdates;
        }
    }
}
