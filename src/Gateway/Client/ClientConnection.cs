using TlsGateway.Actors;
using TlsGateway.Actors.Sessions;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Gateway.Client;

/// <summary>
/// One TLS connection of the interactive client: does what the gateway's own <see cref="SessionMachine"/> says, with standard input and output where the gateway has its
/// upstream leg. On the loop's thread only.
/// </summary>
internal sealed class ClientConnection
{
    private readonly SocketHandle _socket;
    private readonly ClientLeg _leg;
    private readonly EventLoop _loop;
    private readonly StallClock _stalls;
    private readonly byte[] _plaintext = new byte[32 * 1024];
    private SessionState _state = SessionMachine.Connected(ClientLeg.CreditBytes);
    private bool _isOver;
    private bool _isRunning;

    public ClientConnection(EventLoop loop, SocketHandle socket, ITlsSession session, StallTotals totals, ClientLeg leg)
    {
        _loop = loop;
        _socket = socket;
        Session = session;
        _stalls = new StallClock(totals);
        _leg = leg;
    }

    public ITlsSession Session { get; }

    public ref readonly SessionState State => ref _state;

    /// <summary>The failure that ended the session; kind None while there is none.</summary>
    public TlsFailure Failure { get; private set; } = TlsFailure.None;

    public void OnReadable()
    {
        _stalls.Serve(
            SessionStalls.Downstream.OnRead,
            SessionStalls.Downstream.Self(_state, StallWant.Read),
            _socket.ReadableSince,
            _loop.ReadTimestamp()
        );
        SessionMachine.BecameReadable(ref _state);
        Run();
    }

    public void OnWritable()
    {
        _stalls.Serve(
            SessionStalls.Downstream.OnWrite,
            SessionStalls.Downstream.Self(_state, StallWant.Write),
            _socket.WritableSince,
            _loop.ReadTimestamp()
        );
        SessionMachine.BecameWritable(ref _state);
        Run();
    }

    /// <summary>The leg has data to send.</summary>
    public void DataArrived()
    {
        SessionMachine.DataArrived(ref _state);
        Run();
    }

    /// <summary>The leg has no more to send: close_notify goes out behind what it gave, the server may go on.</summary>
    public void InputEnded()
    {
        SessionMachine.UpstreamEnded(ref _state);
        Run();
    }

    /// <summary>Standard output took this much.</summary>
    public void OutputTook(int bytes)
    {
        SessionMachine.CreditGranted(ref _state, bytes);
        Run();
    }

    /// <summary>Standard output took all that it was given before the end.</summary>
    public void OutputFlushed()
    {
        SessionMachine.UpstreamWasFlushed(ref _state);
        Run();
    }

    /// <summary>Ends in order: close_notify, then the socket. Called again it ends at once.</summary>
    public void End()
    {
        SessionMachine.Expired(ref _state, CloseReason.Completed);
        Run();
    }

    /// <summary>A renegotiation, or the reason why not.</summary>
    public TlsFailure? Rehandshake() => Ask(Session.Rehandshake());

    /// <summary>New keys, or the reason why not.</summary>
    public TlsFailure? KeyUpdate(bool askPeer) => Ask(Session.KeyUpdate(askPeer));

    /// <summary>Does what the machine says until only an event can change anything.</summary>
    public void Run()
    {
        // A leg that answers from within an action is heard when the action is over.
        if (_isOver || _isRunning)
            return;
        _isRunning = true;
        while (!_isOver && SessionMachine.Next(_state) is var action && action != SessionAction.Wait)
            Do(action);
        _isRunning = false;
        if (!_isOver)
            Settle();
    }

    private TlsFailure? Ask(TlsStatus status)
    {
        SessionMachine.RehandshakeReturned(ref _state, SessionFacts.Of(Session, failed: false));
        TlsFailure? refusal = status == TlsStatus.Error ? Session.Failure : null;
        Run();
        return refusal;
    }

    private void Do(SessionAction action)
    {
        switch (action)
        {
            case SessionAction.Handshake:
                Handshake();
                break;
            case SessionAction.Receive:
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
                SessionMachine.UpstreamOpened(ref _state);
                _leg.Opened();
                break;
            case SessionAction.Shutdown:
                var status = Session.Shutdown();
                SessionMachine.ShutdownReturned(ref _state, status, Facts(status), _loop.Now);
                break;
            case SessionAction.CloseUpstream:
                SessionMachine.UpstreamTold(ref _state);
                _leg.ServerEnded();
                break;
            case SessionAction.ShutdownSocket:
                _socket.ShutdownWrite();
                SessionMachine.SocketWasShut(ref _state);
                break;
            case SessionAction.Discard:
                Discard();
                break;
            case SessionAction.Close:
                SessionMachine.WasClosed(ref _state);
                Close();
                break;
            default:
                throw new InvalidOperationException($"no such action in the client's role: {action}");
        }
    }

    private void Handshake()
    {
        var status = Session.Handshake();
        SessionMachine.HandshakeReturned(ref _state, status, Facts(status), _loop.Now);
        if (status == TlsStatus.Done)
            _leg.HandshakeCompleted();
    }

    private void Receive()
    {
        var free = Session.RxFree;
        if (free.IsEmpty)
        {
            SessionMachine.ReceiveRefused(ref _state);
            return;
        }

        var result = _socket.Receive(free);
        Session.RxCommit(result.Bytes);
        SessionTransfer.Received(ref _state, Session, result, _socket.IsReadable);
    }

    private void Read()
    {
        var status = Session.Read(_plaintext.AsSpan(0, Math.Min(_state.Credit, _plaintext.Length)), out var read);
        if (read > 0)
            _leg.Output(_plaintext.AsSpan(0, read).ToArray());
        SessionMachine.ReadReturned(ref _state, status, read, Facts(status), _loop.Now);
    }

    private void Write()
    {
        var status = TlsStatus.Done;
        while (status == TlsStatus.Done && !_leg.Pending.IsEmpty)
        {
            status = Session.Write(_leg.Pending.Span, out var written);
            _leg.Consume(written);
        }

        SessionMachine.WriteReturned(ref _state, status, !_leg.Pending.IsEmpty, Facts(status), _loop.Now);
    }

    private void Send() => SessionTransfer.Sent(ref _state, Session, _socket.Send(Session.TxPending), _socket.IsWritable);

    private void Discard()
    {
        var result = _socket.Receive(_plaintext);
        if (result.Status == IoStatus.Ok)
            SessionMachine.Discarded(ref _state, _socket.IsReadable);
        else if (result.Status == IoStatus.WouldBlock)
            SessionMachine.ReceivedNothing(ref _state);
        else if (result.Status == IoStatus.Eof)
            SessionMachine.ReceivedEof(ref _state);
        else
            SessionMachine.SocketFailed(ref _state);
    }

    private SessionFacts Facts(TlsStatus status)
    {
        if (status == TlsStatus.Error && Failure.Kind == TlsFailureKind.None)
            Failure = Session.Failure;
        return SessionFacts.Of(Session, status == TlsStatus.Error);
    }

    private void Settle()
    {
        if (!_state.SocketReadable && !_state.SocketEof)
            _socket.NotifyReadable();
        if (_state.TxPending && !_state.SocketWritable)
            _socket.NotifyWritable();
        var stalls = SessionStalls.Downstream.Of(_state);
        if (((_stalls.Active ^ stalls) & SessionStalls.Downstream.Scope) != 0)
            _stalls.Update(SessionStalls.Downstream.Scope, stalls, _loop.ReadTimestamp());
        _leg.Settled();
    }

    private void Close()
    {
        _isOver = true;
        _stalls.Update(ulong.MaxValue, 0, _loop.ReadTimestamp());
        _socket.Close();
        _leg.Closed(_state.Reason);
    }
}
