using TlsGateway.Tls;

namespace TlsGateway.Actors.Sessions;

/// <summary>
/// The downstream TLS session as a pure machine: events change a <see cref="SessionState"/>, <see cref="Next"/> says what to do. No I/O, no clock,
/// no actor; the actor does what it is told until it is told to wait.
/// </summary>
/// <remarks>
/// The rule that the project grew from (Rescorla, "An Introduction to OpenSSL Programming, Part II", read_write.c): any call may wait for either direction.
/// When bytes arrive and a write waits for them, the write is reissued first and reading only follows if the write got through; when there is room
/// and a read waits for it, the read is reissued before pending writes.
/// </remarks>
public static partial class SessionMachine
{
    /// <summary>A connection just accepted. Accepted sockets are writable; whether bytes are there is for the loop to say.</summary>
    public static SessionState Accepted(int credit) =>
        new()
        {
            Phase = SessionPhase.PeekingHello,
            SocketWritable = true,
            Credit = credit,
            UpstreamFlushed = true,
        };

    /// <summary>A connection that we opened, in the client role: the first word is ours, no hello is looked at.</summary>
    public static SessionState Connected(int credit) => Accepted(credit) with { Phase = SessionPhase.Handshaking };

    /// <summary>What to do now. Total: every state has an answer, and Wait is only given when no call can get further.</summary>
    public static SessionAction Next(in SessionState s) =>
        s.Phase switch
        {
            SessionPhase.PeekingHello => s.SocketReadable ? SessionAction.ReceiveHello : SessionAction.Wait,
            SessionPhase.Handshaking => NextHandshaking(s),
            SessionPhase.Open or SessionPhase.Draining => NextOpen(s),
            SessionPhase.ShuttingDown => NextShuttingDown(s),
            SessionPhase.Closed => SessionAction.Close,
            _ => throw new InvalidOperationException($"no such phase: {s.Phase}"),
        };

    /// <summary>The socket is closed as soon as what is pending has been sent: the last bytes can leave together with the FIN.</summary>
    public static bool ClosesAfterSending(in SessionState s) =>
        s.Phase == SessionPhase.ShuttingDown && Next(s with { TxPending = false }) == SessionAction.Close;

    private static SessionAction NextHandshaking(in SessionState s)
    {
        if ((s.Blocked & (Blocked.HandshakeOnRead | Blocked.HandshakeOnWrite)) == 0)
            return SessionAction.Handshake;
        if (s.TxPending && s.SocketWritable)
            return SessionAction.Send;
        if (s.SocketReadable && !s.RxFull && (s.Blocked & Blocked.HandshakeOnRead) != 0)
            return SessionAction.Receive;
        return SessionAction.Wait;
    }

    private static SessionAction NextOpen(in SessionState s)
    {
        if (s.PeerCheckPending)
            return s.TxPending && s.SocketWritable ? SessionAction.Send : SessionAction.Wait;
        if (!s.HasUpstream)
            return SessionAction.OpenUpstream;
        if (s.ReissueRead)
            return SessionAction.Read;
        if (s.ReissueWrite)
            return SessionAction.Write;
        if (s.DataPending && (s.Blocked & (Blocked.WriteOnRead | Blocked.WriteOnWrite)) == 0)
            return SessionAction.Write;
        if (WantsNotify(s))
            return SessionAction.Shutdown;
        if (s.TxPending && s.SocketWritable)
            return SessionAction.Send;
        if (MayRead(s))
            return SessionAction.Read;
        if (s.ReadClosed && !s.UpstreamClosed)
            return SessionAction.CloseUpstream;
        if (s.SocketReadable && !s.RxFull && WantsBytes(s))
            return SessionAction.Receive;
        if (s.NotifyQueued && !s.TxPending && !s.SocketShut && !s.ReadClosed)
            return SessionAction.ShutdownSocket;
        return SessionAction.Wait;
    }

    private static SessionAction NextShuttingDown(in SessionState s)
    {
        if (!s.SessionDead)
        {
            if (s.ReissueWrite || (s.DataPending && (s.Blocked & (Blocked.WriteOnRead | Blocked.WriteOnWrite)) == 0))
                return SessionAction.Write;
            if (WantsNotify(s))
                return SessionAction.Shutdown;
        }

        if (s.TxPending && s.SocketWritable)
            return SessionAction.Send;
        if (s.HasUpstream && !s.UpstreamClosed)
            return SessionAction.CloseUpstream;
        // A write or close_notify that waits for the client's part of a rehandshake still needs its bytes.
        var waitsForClient = !s.SessionDead && !s.SocketEof && (s.Blocked & (Blocked.WriteOnRead | Blocked.ShutdownOnRead)) != 0;
        if (waitsForClient && s.SocketReadable && !s.RxFull)
            return SessionAction.Receive;
        if (s.TxPending || waitsForClient || (s.DataPending && !s.SessionDead))
            return SessionAction.Wait;
        // The client has said that it sends no more, so closing cannot reset what it has yet to read.
        if (s.SocketEof || s.ReadClosed)
            return s.UpstreamFlushed ? SessionAction.Close : SessionAction.Wait;
        if (!s.SocketShut)
            return SessionAction.ShutdownSocket;
        return s.SocketReadable && !s.SocketEof ? SessionAction.Discard : SessionAction.Wait;
    }

    /// <summary>close_notify is due: all data that goes before it is encrypted.</summary>
    private static bool WantsNotify(in SessionState s) =>
        (s.UpstreamEnded || s.NotifyWanted)
        && !s.DataPending
        && !s.NotifyQueued
        && (s.Blocked & (Blocked.ShutdownOnRead | Blocked.ShutdownOnWrite | Blocked.WriteOnRead | Blocked.WriteOnWrite)) == 0;

    private static bool MayRead(in SessionState s) =>
        !s.ReadClosed
        && s.Credit > 0
        && (s.Blocked & (Blocked.ReadOnRead | Blocked.ReadOnWrite)) == 0
        && ((s.Blocked & Blocked.WriteOnRead) == 0 || s.MustReadFirst);

    /// <summary>A call waits for bytes; or a read waits for room, and input is buffered meanwhile so that the client's end is seen.</summary>
    private static bool WantsBytes(in SessionState s) =>
        (s.Blocked & (Blocked.OnRead | Blocked.ReadOnWrite)) != 0 && (!s.ReadClosed || (s.Blocked & Blocked.WriteOnRead) != 0);
}
