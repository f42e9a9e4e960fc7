using TlsGateway.Actors.Stalls;

namespace TlsGateway.Actors.Sessions;

/// <summary>Which stalls a downstream session's state means, once no call can get further (<see cref="SessionAction.Wait"/>).</summary>
/// <remarks>
/// A stall is an operation that has begun and cannot go on. An open connection that waits for the next record with nothing partly received is idle:
/// no bit.
/// </remarks>
public static class SessionStalls
{
    private static readonly ulong HandshakeRead = Client(StallOperation.Handshake, StallWant.Read);
    private static readonly ulong HandshakeWrite = Client(StallOperation.Handshake, StallWant.Write);

    /// <summary>A client's certificate is looked up: neither peer can do anything about it.</summary>
    private static readonly ulong HandshakeSelf = new StallKey(
        StallOperation.Handshake,
        StallWant.Read,
        StallLeg.Downstream,
        StallCause.Self
    ).Mask;

    private static readonly ulong RehandshakeRead = Client(StallOperation.Rehandshake, StallWant.Read);
    private static readonly ulong RehandshakeWrite = Client(StallOperation.Rehandshake, StallWant.Write);
    private static readonly ulong ReadRead = Client(StallOperation.Read, StallWant.Read);
    private static readonly ulong ReadWrite = Client(StallOperation.Read, StallWant.Write);
    private static readonly ulong WriteRead = Client(StallOperation.Write, StallWant.Read);
    private static readonly ulong WriteWrite = Client(StallOperation.Write, StallWant.Write);
    private static readonly ulong ShutdownRead = Client(StallOperation.Shutdown, StallWant.Read);
    private static readonly ulong ShutdownWrite = Client(StallOperation.Shutdown, StallWant.Write);
    private static readonly ulong NoCredit = new StallKey(
        StallOperation.Read,
        StallWant.Write,
        StallLeg.Downstream,
        StallCause.Upstream
    ).Mask;

    /// <summary>All bits that this leg may set.</summary>
    public static ulong Scope { get; } = StallKey.LegMask(StallLeg.Downstream);

    /// <summary>The stalls that readable bytes end.</summary>
    public static ulong OnRead { get; } = HandshakeRead | RehandshakeRead | ReadRead | WriteRead | ShutdownRead;

    /// <summary>The stalls that room in the socket ends.</summary>
    public static ulong OnWrite { get; } = HandshakeWrite | RehandshakeWrite | ReadWrite | WriteWrite | ShutdownWrite;

    /// <summary>Whereto the time from readiness to service goes.</summary>
    public static StallKey Self(in SessionState s, StallWant want) => new(OperationOf(s, want), want, StallLeg.Downstream, StallCause.Self);

    public static ulong Of(in SessionState s) =>
        s.Phase switch
        {
            SessionPhase.PeekingHello => HandshakeRead,
            SessionPhase.Handshaking => s.TxPending && !s.SocketWritable ? HandshakeWrite : HandshakeRead,
            SessionPhase.Open or SessionPhase.Draining => OfOpen(s),
            SessionPhase.ShuttingDown => s.TxPending ? ShutdownWrite
            : s.SocketEof || s.ReadClosed ? 0
            : ShutdownRead,
            _ => 0,
        };

    private static ulong OfOpen(in SessionState s)
    {
        if (s.PeerCheckPending)
            return HandshakeSelf;
        var set = 0UL;
        if (s.TxPending)
        {
            set |=
                (s.Blocked & Blocked.ReadOnWrite) != 0 ? ReadWrite
                : s.Rehandshaking && !s.DataPending ? RehandshakeWrite
                : WriteWrite;
        }

        if (s.Rehandshaking)
            set |= RehandshakeRead;
        else if ((s.Blocked & Blocked.WriteOnRead) != 0)
            set |= WriteRead;
        else if (s.MidRecord && (s.Blocked & Blocked.ReadOnRead) != 0)
            set |= ReadRead;

        if (s.Credit <= 0 && !s.ReadClosed)
            set |= NoCredit;
        return set;
    }

    private static StallOperation OperationOf(in SessionState s, StallWant want) =>
        s.Phase switch
        {
            SessionPhase.PeekingHello or SessionPhase.Handshaking => StallOperation.Handshake,
            SessionPhase.ShuttingDown or SessionPhase.Closed => StallOperation.Shutdown,
            _ when s.Rehandshaking => StallOperation.Rehandshake,
            _ => want == StallWant.Read ? StallOperation.Read : StallOperation.Write,
        };

    private static ulong Client(StallOperation operation, StallWant want) =>
        new StallKey(operation, want, StallLeg.Downstream, StallCause.Client).Mask;
}
