using TlsGateway.Actors.Sessions;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Tests.Sessions;

/// <summary>
/// Drives a <see cref="SessionMachine"/> as the connection actor does, with a socket and a session that answer from a script, and a clock that the test moves.
/// </summary>
internal sealed class ScriptedSession
{
    public const int Credit = 1000;

    private readonly Queue<Func<TlsStatus>> _handshakes = new();
    private readonly Queue<Func<TlsStatus>> _reads = new();
    private readonly Queue<Func<TlsStatus>> _writes = new();

    public SessionState State = SessionMachine.Accepted(Credit);

    public StallTotals Totals { get; } = new();

    public StallClock Stalls { get; }

    public long Now { get; private set; }

    /// <summary>What was done, in order, Wait left out.</summary>
    public List<SessionAction> Done { get; } = [];

    public List<CloseReason> ClosedWith { get; } = [];

    // What the socket will say.
    public Queue<IncomingBytes> Incoming { get; } = new();

    /// <summary>False: send says EAGAIN.</summary>
    public bool SocketHasRoom { get; set; } = true;

    // What the session says of itself.
    public bool TxPending { get; set; }
    public bool MidRecord { get; set; }
    public bool RxBuffered { get; set; }
    public bool Rehandshaking { get; set; }
    public bool MustReadFirst { get; set; }
    public TlsFailure Failure { get; set; }
    public int ReadBytes { get; set; }
    public bool DataLeftAfterWrite { get; set; }

    public ScriptedSession() => Stalls = new StallClock(Totals);

    public static ScriptedSession Opened()
    {
        var session = new ScriptedSession();
        session.OnHandshake(TlsStatus.Done).OnRead(TlsStatus.WantRead);
        session.Receives(IncomingBytes.Some);
        session.Done.Clear();
        Assert.Equal(SessionPhase.Open, session.State.Phase);
        return session;
    }

    public ScriptedSession OnHandshake(TlsStatus status, Action? also = null) => Script(_handshakes, status, also);

    public ScriptedSession OnRead(TlsStatus status, int bytes = 0, Action? also = null) =>
        Script(
            _reads,
            status,
            () =>
            {
                ReadBytes = bytes;
                also?.Invoke();
            }
        );

    public ScriptedSession OnWrite(TlsStatus status, bool dataLeft = false, Action? also = null) =>
        Script(
            _writes,
            status,
            () =>
            {
                DataLeftAfterWrite = dataLeft;
                also?.Invoke();
            }
        );

    public void Advance(long nanos) => Now += nanos;

    /// <summary>The socket has these; the loop says readable, and serves <paramref name="delay"/> later.</summary>
    public void Receives(IncomingBytes what, long delay = 0)
    {
        Incoming.Enqueue(what);
        var since = Now;
        Now += delay;
        Stalls.Serve(SessionStalls.Downstream.OnRead, SessionStalls.Downstream.Self(State, StallWant.Read), since, Now);
        SessionMachine.BecameReadable(ref State);
        Run();
    }

    public void BecomesWritable(long delay = 0)
    {
        SocketHasRoom = true;
        var since = Now;
        Now += delay;
        Stalls.Serve(SessionStalls.Downstream.OnWrite, SessionStalls.Downstream.Self(State, StallWant.Write), since, Now);
        SessionMachine.BecameWritable(ref State);
        Run();
    }

    public void DataArrives()
    {
        SessionMachine.DataArrived(ref State);
        Run();
    }

    public void Tell(Action change)
    {
        change();
        Run();
    }

    public void Run()
    {
        for (var steps = 0; ; steps++)
        {
            Assert.True(steps < 1000, $"no end of actions: {string.Join(' ', Done.TakeLast(10))}");
            var action = SessionMachine.Next(State);
            if (action == SessionAction.Wait)
            {
                Stalls.Update(SessionStalls.Downstream.Scope, SessionStalls.Downstream.Of(State), Now);
                return;
            }

            Done.Add(action);
            if (action == SessionAction.Close)
            {
                SessionMachine.WasClosed(ref State);
                ClosedWith.Add(State.Reason);
                Stalls.Update(ulong.MaxValue, 0, Now);
                return;
            }

            Do(action);
        }
    }

    private void Do(SessionAction action)
    {
        switch (action)
        {
            case SessionAction.ReceiveHello:
                if (Receive())
                    SessionMachine.HelloSeen(ref State, FirstBytes.TlsHandshake);
                break;
            case SessionAction.Receive:
                _ = Receive();
                break;
            case SessionAction.Discard:
                _ = Receive();
                break;
            case SessionAction.Handshake:
                var handshake = Take(_handshakes, TlsStatus.WantRead);
                SessionMachine.HandshakeReturned(ref State, handshake, Facts(), Now);
                break;
            case SessionAction.OpenUpstream:
                SessionMachine.UpstreamOpened(ref State);
                break;
            case SessionAction.Read:
                var read = Take(_reads, TlsStatus.WantRead);
                SessionMachine.ReadReturned(ref State, read, ReadBytes, Facts(), Now);
                ReadBytes = 0;
                break;
            case SessionAction.Write:
                var write = Take(_writes, TlsStatus.Done);
                TxPending = true;
                SessionMachine.WriteReturned(ref State, write, DataLeftAfterWrite, Facts(), Now);
                DataLeftAfterWrite = false;
                break;
            case SessionAction.Send:
                if (SocketHasRoom)
                {
                    TxPending = false;
                    var isLast = SessionMachine.ClosesAfterSending(State);
                    SessionMachine.Sent(ref State, left: false, more: true);
                    // What is held back for the FIN must be followed by it, and every last send is one.
                    Assert.Equal(isLast, State.Phase == SessionPhase.ShuttingDown && SessionMachine.Next(State) == SessionAction.Close);
                }
                else
                {
                    SessionMachine.SentNothing(ref State);
                }

                break;
            case SessionAction.Shutdown:
                TxPending = true;
                SessionMachine.ShutdownReturned(ref State, TlsStatus.Done, Facts(), Now);
                break;
            case SessionAction.CloseUpstream:
                SessionMachine.UpstreamTold(ref State);
                break;
            case SessionAction.ShutdownSocket:
                SessionMachine.SocketWasShut(ref State);
                break;
            default:
                throw new InvalidOperationException($"{action}");
        }
    }

    private bool Receive()
    {
        var what = Incoming.Count > 0 ? Incoming.Dequeue() : IncomingBytes.None;
        switch (what)
        {
            case IncomingBytes.Some:
                SessionMachine.Received(ref State, more: Incoming.Count > 0);
                return true;
            case IncomingBytes.End:
                SessionMachine.ReceivedEof(ref State);
                return false;
            case IncomingBytes.Reset:
                SessionMachine.SocketFailed(ref State);
                return false;
            default:
                SessionMachine.ReceivedNothing(ref State);
                return false;
        }
    }

    private SessionFacts Facts() => new(RxBuffered, MidRecord, TxPending, Rehandshaking, MustReadFirst, Failure);

    private ScriptedSession Script(Queue<Func<TlsStatus>> queue, TlsStatus status, Action? also)
    {
        queue.Enqueue(() =>
        {
            also?.Invoke();
            return status;
        });
        return this;
    }

    private static TlsStatus Take(Queue<Func<TlsStatus>> queue, TlsStatus otherwise) => queue.Count > 0 ? queue.Dequeue()() : otherwise;
}

internal enum IncomingBytes
{
    None,
    Some,
    End,
    Reset,
}
