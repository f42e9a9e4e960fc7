using TlsGateway.Tls;

namespace TlsGateway.Actors.Sessions;

// Events. Each tells what came of an action, or what a message brought.
public static partial class SessionMachine
{
    /// <summary>The loop says that bytes (or the end) can be received.</summary>
    public static void BecameReadable(ref SessionState s) => s.SocketReadable = true;

    /// <summary>The loop says that bytes can be sent.</summary>
    public static void BecameWritable(ref SessionState s) => s.SocketWritable = true;

    /// <summary>A ClientHello has begun and is not whole yet.</summary>
    public static void HelloBegan(ref SessionState s) => s.HelloBegun = true;

    /// <summary>What the first bytes were meant to be is not taken: no session begins.</summary>
    public static void HelloRefused(ref SessionState s, CloseReason reason) => Fail(ref s, reason);

    /// <summary>What the first bytes are.</summary>
    public static void HelloSeen(ref SessionState s, FirstBytes kind)
    {
        switch (kind)
        {
            case FirstBytes.NeedMore:
                break;
            case FirstBytes.TlsHandshake:
                s.Phase = SessionPhase.Handshaking;
                break;
            case FirstBytes.PlainHttp:
                Fail(ref s, CloseReason.PlainHttp);
                break;
            case FirstBytes.NotTls:
                Fail(ref s, CloseReason.NotTls);
                break;
            default:
                throw new InvalidOperationException($"no such kind: {kind}");
        }
    }

    /// <summary>recv gave bytes; <paramref name="more"/>: the socket may have more.</summary>
    public static void Received(ref SessionState s, bool more)
    {
        s.SocketReadable = more;
        s.RxBuffered = true;
        UnblockReaders(ref s);
    }

    /// <summary>The session has no room for ciphertext until a call consumes some.</summary>
    public static void ReceiveRefused(ref SessionState s) => s.RxFull = true;

    /// <summary>recv said EAGAIN.</summary>
    public static void ReceivedNothing(ref SessionState s) => s.SocketReadable = false;

    /// <summary>recv said end of stream. The session was told; the call that waits is reissued and finds out whether the end is clean.</summary>
    public static void ReceivedEof(ref SessionState s)
    {
        s.SocketEof = true;
        s.SocketReadable = false;
        if (s.Phase == SessionPhase.PeekingHello)
            CloseAtOnce(ref s, s.HelloBegun ? CloseReason.ClientClosedInHandshake : CloseReason.ClientClosedBeforeHello);
        else
            UnblockReaders(ref s);
    }

    /// <summary>The socket failed: nothing more can be sent or received.</summary>
    public static void SocketFailed(ref SessionState s)
    {
        var reason =
            s.Phase == SessionPhase.PeekingHello && !s.HelloBegun ? CloseReason.ClientClosedBeforeHello
            : s.NotifyQueued && !s.TxPending ? CloseReason.Completed
            : CloseReason.ClientReset;
        CloseAtOnce(ref s, reason);
    }

    /// <summary>send took all or some; <paramref name="left"/>: bytes stay pending; <paramref name="more"/>: the socket may take more.</summary>
    public static void Sent(ref SessionState s, bool left, bool more)
    {
        s.TxPending = left;
        s.SocketWritable = more;
        if ((s.Blocked & Blocked.ReadOnWrite) != 0)
            s.ReissueRead = true;
        s.Blocked &= ~Blocked.OnWrite;
    }

    /// <summary>send said EAGAIN.</summary>
    public static void SentNothing(ref SessionState s) => s.SocketWritable = false;

    /// <summary>The session's Handshake returned.</summary>
    public static void HandshakeReturned(ref SessionState s, TlsStatus status, in SessionFacts facts, long now)
    {
        Take(ref s, facts);
        switch (status)
        {
            case TlsStatus.Done:
                s.Phase = SessionPhase.Open;
                if (s.UpstreamFailure != CloseReason.None)
                    ShutDown(ref s, s.UpstreamFailure, notify: false);
                break;
            case TlsStatus.WantRead:
                Block(ref s, Blocked.HandshakeOnRead, now);
                break;
            case TlsStatus.WantWrite:
                Block(ref s, Blocked.HandshakeOnWrite, now);
                break;
            default:
                Fail(ref s, ReasonOf(facts.Failure, inHandshake: true));
                break;
        }
    }

    /// <summary>The client's certificate has to be looked up elsewhere before anything (more) is relayed.</summary>
    public static void PeerCheckBegan(ref SessionState s) => s.PeerCheckPending = true;

    /// <summary>The answer came: the failure in <paramref name="facts"/> ends the connection, none lets it go on. Late answers change nothing.</summary>
    public static void PeerCheckEnded(ref SessionState s, in SessionFacts facts)
    {
        s.PeerCheckPending = false;
        if (s.Phase is not (SessionPhase.Open or SessionPhase.Draining))
            return;
        Take(ref s, facts);
        if (facts.Failure.Kind != TlsFailureKind.None)
            Fail(ref s, ReasonOf(facts.Failure, inHandshake: true));
    }

    /// <summary>The upstream leg was created.</summary>
    public static void UpstreamOpened(ref SessionState s)
    {
        s.HasUpstream = true;
        s.UpstreamFlushed = false;
    }

    /// <summary>The session's Read returned; <paramref name="read"/> bytes went to the upstream leg.</summary>
    public static void ReadReturned(ref SessionState s, TlsStatus status, int read, in SessionFacts facts, long now)
    {
        s.ReissueRead = false;
        s.Credit -= read;
        Take(ref s, facts);
        if (read > 0 && (s.Blocked & Blocked.WriteOnRead) != 0)
        {
            // It was read so that the write can go on.
            s.ReissueWrite = true;
            s.Blocked &= ~Blocked.WriteOnRead;
        }

        switch (status)
        {
            case TlsStatus.Done:
                break;
            case TlsStatus.WantRead:
                Block(ref s, Blocked.ReadOnRead, now);
                break;
            case TlsStatus.WantWrite:
                Block(ref s, Blocked.ReadOnWrite, now);
                break;
            case TlsStatus.Closed:
                s.ReadClosed = true;
                if (s.UpstreamEnded)
                    EndCleanly(ref s);
                break;
            default:
                ReadFailed(ref s, facts.Failure);
                break;
        }
    }

    /// <summary>The session's Write returned; <paramref name="dataLeft"/>: data from upstream is still pending.</summary>
    public static void WriteReturned(ref SessionState s, TlsStatus status, bool dataLeft, in SessionFacts facts, long now)
    {
        s.ReissueWrite = false;
        s.DataPending = dataLeft;
        Take(ref s, facts);
        switch (status)
        {
            case TlsStatus.Done:
                break;
            case TlsStatus.WantRead:
                Block(ref s, Blocked.WriteOnRead, now);
                break;
            case TlsStatus.WantWrite:
                Block(ref s, Blocked.WriteOnWrite, now);
                break;
            case TlsStatus.Closed:
                // close_notify in the middle of a rehandshake: what is pending can no longer be encrypted.
                Fail(ref s, CloseReason.ClientTruncated);
                break;
            default:
                Fail(ref s, ReasonOf(facts.Failure, inHandshake: false));
                break;
        }
    }

    /// <summary>The session's Shutdown returned.</summary>
    public static void ShutdownReturned(ref SessionState s, TlsStatus status, in SessionFacts facts, long now)
    {
        Take(ref s, facts);
        switch (status)
        {
            case TlsStatus.WantRead:
                Block(ref s, Blocked.ShutdownOnRead, now);
                break;
            case TlsStatus.WantWrite:
                Block(ref s, Blocked.ShutdownOnWrite, now);
                break;
            default:
                s.NotifyQueued = true;
                if (s.ReadClosed)
                    EndCleanly(ref s);
                break;
        }
    }

    /// <summary>A rehandshake or key update was asked for by the gateway; what the session says of itself now.</summary>
    public static void RehandshakeReturned(ref SessionState s, in SessionFacts facts)
    {
        Take(ref s, facts);
        if (facts.Failure.Kind != TlsFailureKind.None)
            Fail(ref s, ReasonOf(facts.Failure, inHandshake: false));
    }

    /// <summary>The upstream leg was told that the client sends no more.</summary>
    public static void UpstreamTold(ref SessionState s) => s.UpstreamClosed = true;

    /// <summary>The machine asked to close and the actor does.</summary>
    public static void WasClosed(ref SessionState s) => CloseAtOnce(ref s, CloseReason.Completed);

    /// <summary>shutdown(2) was called.</summary>
    public static void SocketWasShut(ref SessionState s) => s.SocketShut = true;

    /// <summary>Discarding: recv gave bytes (<paramref name="more"/> may follow).</summary>
    public static void Discarded(ref SessionState s, bool more) => s.SocketReadable = more;

    /// <summary>Data came from the upstream leg.</summary>
    public static void DataArrived(ref SessionState s) => s.DataPending = true;

    /// <summary>The upstream leg takes more.</summary>
    public static void CreditGranted(ref SessionState s, int bytes) => s.Credit += bytes;

    /// <summary>The upstream ended cleanly: close_notify goes out after its data, the client may still send.</summary>
    public static void UpstreamEnded(ref SessionState s)
    {
        s.UpstreamEnded = true;
        if (s.ReadClosed && s.NotifyQueued)
            EndCleanly(ref s);
    }

    /// <summary>The upstream leg passed on all that it was given.</summary>
    public static void UpstreamWasFlushed(ref SessionState s) => s.UpstreamFlushed = true;

    /// <summary>The upstream leg failed: what it sent is delivered, but no close_notify, so that the client knows that the end is not clean.</summary>
    public static void UpstreamFailed(ref SessionState s, CloseReason reason)
    {
        s.UpstreamFlushed = true;
        s.UpstreamClosed = true;
        s.UpstreamEnded = false;
        if (s.Phase is SessionPhase.Open or SessionPhase.Draining)
            ShutDown(ref s, reason, notify: false);
        else if (s.Phase == SessionPhase.Handshaking)
            s.UpstreamFailure = reason;
    }

    /// <summary>As <see cref="UpstreamFailed(ref SessionState, CloseReason)"/>, and the session has been told to end with an alert, which is what it says of itself.</summary>
    public static void UpstreamFailed(ref SessionState s, CloseReason reason, in SessionFacts facts)
    {
        UpstreamFailed(ref s, reason);
        Take(ref s, facts);
        s.DataPending = false;
        s.SessionDead = true;
    }

    /// <summary>The connection ends here and now, whatever is owed.</summary>
    public static void Abandoned(ref SessionState s, CloseReason reason) => CloseAtOnce(ref s, reason);

    /// <summary>The gateway drains: the connection goes on, its phase says that it is waited for.</summary>
    public static void DrainBegan(ref SessionState s)
    {
        if (s.Phase == SessionPhase.Open)
            s.Phase = SessionPhase.Draining;
    }

    /// <summary>A deadline passed or the drain time is over: end in order. In the handshake there is nothing to deliver.</summary>
    public static void Expired(ref SessionState s, CloseReason reason)
    {
        switch (s.Phase)
        {
            case SessionPhase.PeekingHello:
            case SessionPhase.Handshaking:
                CloseAtOnce(ref s, reason);
                break;
            case SessionPhase.ShuttingDown:
                // An end that was clean so far is not, when what was owed did not get through.
                if (s.Reason == CloseReason.Completed && (s.TxPending || s.DataPending || !s.UpstreamFlushed))
                    s.Reason = reason;
                CloseAtOnce(ref s, reason);
                break;
            case SessionPhase.Open:
            case SessionPhase.Draining:
                ShutDown(ref s, reason, notify: true);
                break;
            case SessionPhase.Closed:
                break;
            default:
                throw new InvalidOperationException($"no such phase: {s.Phase}");
        }
    }

    private static void ReadFailed(ref SessionState s, in TlsFailure failure)
    {
        // After our own close_notify many clients just close the TCP connection: nothing that they owe is lost.
        if (failure.Kind == TlsFailureKind.Truncated && s.NotifyQueued)
        {
            s.SessionDead = true;
            s.ReadClosed = true;
            EndCleanly(ref s);
            return;
        }

        Fail(ref s, ReasonOf(failure, inHandshake: false));
    }

    private static void Fail(ref SessionState s, CloseReason reason)
    {
        s.SessionDead = true;
        ShutDown(ref s, reason, notify: false);
    }

    private static void EndCleanly(ref SessionState s)
    {
        if (s.Phase is SessionPhase.Open or SessionPhase.Draining)
            ShutDown(ref s, CloseReason.Completed, notify: true);
    }

    private static void ShutDown(ref SessionState s, CloseReason reason, bool notify)
    {
        if (s.Phase is SessionPhase.ShuttingDown or SessionPhase.Closed)
            return;
        SetReason(ref s, reason);
        s.NotifyWanted = notify;
        s.Phase = SessionPhase.ShuttingDown;
    }

    private static void CloseAtOnce(ref SessionState s, CloseReason reason)
    {
        SetReason(ref s, reason);
        s.Phase = SessionPhase.Closed;
    }

    private static void SetReason(ref SessionState s, CloseReason reason)
    {
        if (s.Reason == CloseReason.None)
            s.Reason = reason;
    }

    private static void Block(ref SessionState s, Blocked flag, long now)
    {
        s.Blocked |= flag;
        s.Since[SessionState.CallOf(flag)] = now;
    }

    private static void UnblockReaders(ref SessionState s)
    {
        if ((s.Blocked & Blocked.WriteOnRead) != 0)
            s.ReissueWrite = true;
        s.Blocked &= ~Blocked.OnRead;
    }

    private static void Take(ref SessionState s, in SessionFacts facts)
    {
        s.RxBuffered = facts.RxBuffered;
        s.RxFull = false;
        s.MidRecord = facts.MidRecord;
        s.TxPending = facts.TxPending;
        s.Rehandshaking = facts.Rehandshaking;
        s.MustReadFirst = facts.MustReadFirst;
    }

    private static CloseReason ReasonOf(in TlsFailure failure, bool inHandshake) =>
        failure.Kind switch
        {
            TlsFailureKind.Truncated => inHandshake ? CloseReason.ClientClosedInHandshake : CloseReason.ClientTruncated,
            TlsFailureKind.NoCommonParameters => CloseReason.NoCommonParameters,
            TlsFailureKind.NoCommonVersion => CloseReason.NoCommonVersion,
            TlsFailureKind.NoCommonCipherSuite => CloseReason.NoCommonCipherSuite,
            TlsFailureKind.NoCommonGroup => CloseReason.NoCommonGroup,
            TlsFailureKind.NoCommonSignatureAlgorithm => CloseReason.NoCommonSignatureAlgorithm,
            TlsFailureKind.NoCommonApplicationProtocol => CloseReason.NoCommonApplicationProtocol,
            TlsFailureKind.UnknownServerName => CloseReason.UnknownServerName,
            TlsFailureKind.CertificateMissing => CloseReason.CertificateMissing,
            TlsFailureKind.CertificateExpired => CloseReason.CertificateExpired,
            TlsFailureKind.CertificateRevoked => CloseReason.CertificateRevoked,
            TlsFailureKind.AccessDenied => CloseReason.AccessDenied,
            TlsFailureKind.PeerAlert => CloseReason.ClientAlert,
            TlsFailureKind.CertificateRejected => CloseReason.CertificateRejected,
            TlsFailureKind.LimitExceeded => CloseReason.LimitExceeded,
            TlsFailureKind.ProtocolViolation => CloseReason.ProtocolViolation,
            _ => CloseReason.InternalError,
        };
}
