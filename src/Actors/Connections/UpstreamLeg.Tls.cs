using Akka.Actor;
using TlsGateway.Actors.Buffers;
using TlsGateway.Actors.Sessions;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

// An endpoint that is spoken to over TLS: the same machine as the client's leg has, in the client role. Its "upstream leg" is the downstream one.
internal sealed partial class UpstreamLeg
{
    /// <summary>As in <see cref="TlsConnection"/>.</summary>
    private const int TlsReceivesPerRun = 16;

    private const int TlsReceivePiece = 64 * 1024;

    private ITlsSession? _session;
    private SessionState _state;
    private AppData? _plaintext;
    private bool _flushTold;

    private static SessionStalls TlsStalls => SessionStalls.Upstream;

    private bool SpeaksTls => _session is not null;

    /// <summary>The TCP connection stands: the handshake begins, within what is left of the time for connecting.</summary>
    private void BeginTls()
    {
        _stage = Stage.Securing;
        var endpoint = _use!.Value.Endpoint;
        _session = _seed.Upstream.Tls!.CreateSession(
            endpoint,
            _seed.Upstream.HostOf(endpoint),
            _seed.Wishes,
            _seed.Connection.Loop.Buffers
        );
        _state = SessionMachine.Connected(_credit);
        if (!_pending.IsEmpty)
            SessionMachine.DataArrived(ref _state);
        if (_downstreamClosed)
            SessionMachine.UpstreamEnded(ref _state);
        RunTls();
    }

    /// <summary>Takes what a message brought; <see cref="RunTls"/> follows.</summary>
    /// <returns>False: it is not for the machine.</returns>
    private bool TellMachine(object message)
    {
        switch (message)
        {
            case SocketReadable when _socket is { IsReadable: true } socket:
                _seed.Stalls.Serve(TlsStalls.OnRead, TlsStalls.Self(_state, StallWant.Read), socket.ReadableSince, _loop.ReadTimestamp());
                SessionMachine.BecameReadable(ref _state);
                break;
            case SocketWritable when _socket is { IsWritable: true } socket:
                _seed.Stalls.Serve(TlsStalls.OnWrite, TlsStalls.Self(_state, StallWant.Write), socket.WritableSince, _loop.ReadTimestamp());
                SessionMachine.BecameWritable(ref _state);
                break;
            case SocketReadable or SocketWritable:
                break;
            case AppData data when !_discarding:
                _pending.Add(data);
                SessionMachine.DataArrived(ref _state);
                break;
            case AppDataConsumed consumed:
                SessionMachine.CreditGranted(ref _state, consumed.Take());
                break;
            case PeerClosed:
                _downstreamClosed = true;
                SessionMachine.UpstreamEnded(ref _state);
                break;
            default:
                return false;
        }

        return true;
    }

    private void RunTls()
    {
        var receives = 0;
        while (_stage is Stage.Securing or Stage.Open && _session is { } session)
        {
            // Its last word is an alert, as far as the socket takes it.
            if (_state.SessionDead && !(_state.TxPending && _state.SocketWritable))
            {
                OnTlsOver();
                return;
            }

            switch (SessionMachine.Next(_state))
            {
                case SessionAction.Handshake:
                    Handshake(session);
                    break;
                case SessionAction.OpenUpstream:
                    SessionMachine.UpstreamOpened(ref _state);
                    // The other leg takes what it is given, and is ended by nobody but itself.
                    SessionMachine.UpstreamWasFlushed(ref _state);
                    break;
                case SessionAction.Receive:
                    if (receives++ == TlsReceivesPerRun)
                    {
                        SessionMachine.ReceivedNothing(ref _state);
                        return;
                    }

                    ReceiveTls(session);
                    break;
                case SessionAction.Read:
                    ReadTls(session);
                    break;
                case SessionAction.Write:
                    WriteTls(session);
                    break;
                case SessionAction.Send:
                    SendTls(session);
                    break;
                case SessionAction.Shutdown:
                    var status = session.Shutdown();
                    SessionMachine.ShutdownReturned(ref _state, status, Facts(status), _loop.Now);
                    break;
                case SessionAction.CloseUpstream:
                    SessionMachine.UpstreamTold(ref _state);
                    EndOfUpstream();
                    break;
                case SessionAction.ShutdownSocket:
                    _socket!.ShutdownWrite();
                    SessionMachine.SocketWasShut(ref _state);
                    break;
                case SessionAction.Discard:
                    // It is over: what the endpoint still sends is nobody's, and the socket is closed when the connection ends.
                    SessionMachine.ReceivedNothing(ref _state);
                    return;
                case SessionAction.Close:
                    OnTlsOver();
                    return;
                default:
                    return;
            }
        }
    }

    private void Handshake(ITlsSession session)
    {
        var status = session.Handshake();
        SessionMachine.HandshakeReturned(ref _state, status, Facts(status), _loop.Now);
        if (status != TlsStatus.Done)
            return;
        _seed.Session = session.DescribeSession();
        if (!_seed.Upstream.Tls!.Agrees(session, _seed.Wishes))
        {
            const int NoApplicationProtocol = 120;
            session.Fail(
                new TlsFailure(
                    TlsFailureKind.NoCommonApplicationProtocol,
                    NoApplicationProtocol,
                    $"it did not choose {_seed.Wishes.ApplicationProtocol}, which was agreed with the client"
                )
            );
            SessionMachine.PeerCheckEnded(ref _state, SessionFacts.Of(session, failed: true));
            return;
        }

        Connected();
    }

    private void ReceiveTls(ITlsSession session)
    {
        var free = session.RxFree;
        if (free.IsEmpty)
        {
            SessionMachine.ReceiveRefused(ref _state);
            return;
        }

        var result = _socket!.Receive(free.Length > TlsReceivePiece ? free[..TlsReceivePiece] : free);
        session.RxCommit(result.Bytes);
        SessionTransfer.Received(ref _state, session, result, _socket.IsReadable);
    }

    private void ReadTls(ITlsSession session)
    {
        var data = _plaintext ??= _seed.Connection.Loop.Buffers.Rent(Math.Min(_state.Credit, LoopBufferPool.ChunkBytes));
        var want = Math.Min(_state.Credit, Math.Min(data.Free.Length, LoopBufferPool.ChunkBytes - data.Length));
        var status = session.Read(data.Free[..want], out var read);
        data.Commit(read);
        if (read > 0)
            Answered();
        SessionMachine.ReadReturned(ref _state, status, read, Facts(status), _loop.Now);
        if (status == TlsStatus.Closed)
            Answered();
        if (status != TlsStatus.WantRead || !_state.SocketReadable)
            PassOn();
    }

    private void PassOn()
    {
        if (_plaintext is not { } data)
            return;
        _plaintext = null;
        if (data.Length > 0)
            _seed.Downstream.Tell(data, ActorRefs.NoSender);
        else
            data.Dispose();
    }

    private void WriteTls(ITlsSession session)
    {
        var status = TlsStatus.Done;
        while (!_pending.IsEmpty && status == TlsStatus.Done)
        {
            status = session.Write(_pending.First.Data, out var written);
            _hasSent |= written > 0;
            _seed.CountSent(written);
            _owedCredit += written;
            _pending.Consume(written);
        }

        SessionMachine.WriteReturned(ref _state, status, !_pending.IsEmpty, Facts(status), _loop.Now);
    }

    private void SendTls(ITlsSession session)
    {
        var result = _socket!.Send(session.TxPending);
        // What the endpoint sent before it failed has been passed on: the client gets its answer, as in plain text.
        if (result.Status is not (IoStatus.Ok or IoStatus.WouldBlock) && _stage == Stage.Open && _state.ReadClosed)
            DiscardFromNowOn();
        SessionTransfer.Sent(ref _state, session, result, _socket.IsWritable);
    }

    /// <summary>The endpoint sends no more: it said so, or it cannot.</summary>
    private void EndOfUpstream()
    {
        PassOn();
        if (_state.Reason is CloseReason.None or CloseReason.Completed)
            _seed.Downstream.Tell(PeerClosed.Instance, ActorRefs.NoSender);
        else
            OnTlsOver();
    }

    private void OnTlsOver()
    {
        PassOn();
        if (_stage == Stage.Securing)
        {
            var failure = _session!.Failure;
            _seed.Connection.Loop.UpstreamFailures.Log(_seed, _use!.Value.Endpoint, failure, _loop.Now);
            ConnectNext(failure.Kind is TlsFailureKind.None or TlsFailureKind.Truncated ? UpstreamFailed.Reset : UpstreamFailed.TlsFailed);
            return;
        }

        switch (_state.Reason)
        {
            case CloseReason.None:
            case CloseReason.Completed:
                if (!_state.UpstreamClosed)
                    _seed.Downstream.Tell(PeerClosed.Instance, ActorRefs.NoSender);
                TellFlushed();
                _stage = Stage.Over;
                break;
            case CloseReason.ClientReset when _discarding:
                _stage = Stage.Over;
                break;
            case CloseReason.ClientReset:
                WasReset();
                break;
            case CloseReason.ClientTruncated:
                Fail(UpstreamFailed.Truncated);
                break;
            default:
                _seed.Connection.Loop.UpstreamFailures.Log(_seed, _use!.Value.Endpoint, _session!.Failure, _loop.Now);
                Fail(UpstreamFailed.TlsFailed);
                break;
        }
    }

    private void TellFlushed()
    {
        if (_flushTold)
            return;
        _flushTold = true;
        _seed.Downstream.Tell(UpstreamFlushed.Instance, ActorRefs.NoSender);
    }

    private void SettleTls(ITlsSession session, SocketHandle socket)
    {
        PassOn();
        if (_state.NotifyQueued && !_state.TxPending)
            TellFlushed();
        if (!_state.SocketReadable && !_state.SocketEof)
            socket.NotifyReadable();
        if (_state.TxPending && !_state.SocketWritable)
            socket.NotifyWritable();
        if (_state.TxPending || _state.RxBuffered)
            session.Compact();
        if (!_state.TxPending)
            ReturnCredit();
        Stall(TlsStalls.Of(_state));
    }

    /// <summary>A last close_notify, as far as the socket takes it, when the connection ends first.</summary>
    private void EndTls()
    {
        if (_session is not { } session)
            return;
        _session = null;
        if (_socket is { IsOpen: true } socket && session.IsHandshakeComplete && !_state.NotifyQueued && !_state.SessionDead)
        {
            _ = session.Shutdown();
            if (!session.TxPending.IsEmpty)
                _ = socket.Send(session.TxPending);
        }

        _plaintext?.Dispose();
        _plaintext = null;
        session.Dispose();
    }

    private SessionFacts Facts(TlsStatus status) => SessionFacts.Of(_session!, status == TlsStatus.Error);
}
