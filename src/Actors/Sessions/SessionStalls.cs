using TlsGateway.Actors.Stalls;

namespace TlsGateway.Actors.Sessions;

/// <summary>Which stalls a session's state means, once no call can get further (<see cref="SessionAction.Wait"/>).</summary>
/// <remarks>
/// A stall is an operation that has begun and cannot go on. An open connection that waits for the next record with nothing partly received is idle:
/// no bit.
/// </remarks>
public sealed class SessionStalls
{
    private readonly StallLeg _leg;
    private readonly StallCause _peer;
    private readonly ulong _handshakeRead;
    private readonly ulong _handshakeWrite;
    private readonly ulong _handshakeSelf;
    private readonly ulong _rehandshakeRead;
    private readonly ulong _rehandshakeWrite;
    private readonly ulong _readRead;
    private readonly ulong _readWrite;
    private readonly ulong _writeRead;
    private readonly ulong _writeWrite;
    private readonly ulong _shutdownRead;
    private readonly ulong _shutdownWrite;
    private readonly ulong _noCredit;

    private SessionStalls(StallLeg leg, StallCause peer, StallCause other)
    {
        (_leg, _peer) = (leg, peer);
        _handshakeRead = Peer(StallOperation.Handshake, StallWant.Read);
        _handshakeWrite = Peer(StallOperation.Handshake, StallWant.Write);
        // A client's certificate is looked up: neither peer can do anything about it.
        _handshakeSelf = new StallKey(StallOperation.Handshake, StallWant.Read, leg, StallCause.Self).Mask;
        _rehandshakeRead = Peer(StallOperation.Rehandshake, StallWant.Read);
        _rehandshakeWrite = Peer(StallOperation.Rehandshake, StallWant.Write);
        _readRead = Peer(StallOperation.Read, StallWant.Read);
        _readWrite = Peer(StallOperation.Read, StallWant.Write);
        _writeRead = Peer(StallOperation.Write, StallWant.Read);
        _writeWrite = Peer(StallOperation.Write, StallWant.Write);
        _shutdownRead = Peer(StallOperation.Shutdown, StallWant.Read);
        _shutdownWrite = Peer(StallOperation.Shutdown, StallWant.Write);
        _noCredit = new StallKey(StallOperation.Read, StallWant.Write, leg, other).Mask;
        Scope = StallKey.LegMask(leg);
        OnRead = _handshakeRead | _rehandshakeRead | _readRead | _writeRead | _shutdownRead;
        OnWrite = _handshakeWrite | _rehandshakeWrite | _readWrite | _writeWrite | _shutdownWrite;
    }

    /// <summary>Of the session with the client.</summary>
    public static SessionStalls Downstream { get; } = new(StallLeg.Downstream, StallCause.Client, StallCause.Upstream);

    /// <summary>Of the session with an upstream that speaks TLS.</summary>
    public static SessionStalls Upstream { get; } = new(StallLeg.Upstream, StallCause.Upstream, StallCause.Client);

    /// <summary>All bits that this leg may set.</summary>
    public ulong Scope { get; }

    /// <summary>The stalls that readable bytes end.</summary>
    public ulong OnRead { get; }

    /// <summary>The stalls that room in the socket ends.</summary>
    public ulong OnWrite { get; }

    /// <summary>Whereto the time from readiness to service goes.</summary>
    public StallKey Self(in SessionState s, StallWant want) => new(OperationOf(s, want), want, _leg, StallCause.Self);

    public ulong Of(in SessionState s) =>
        s.Phase switch
        {
            SessionPhase.PeekingHello => _handshakeRead,
            SessionPhase.Handshaking => s.TxPending && !s.SocketWritable ? _handshakeWrite : _handshakeRead,
            SessionPhase.Open or SessionPhase.Draining => OfOpen(s),
            SessionPhase.ShuttingDown => s.TxPending ? _shutdownWrite
            : s.SocketEof || s.ReadClosed ? 0
            : _shutdownRead,
            _ => 0,
        };

    private ulong OfOpen(in SessionState s)
    {
        if (s.PeerCheckPending)
            return _handshakeSelf;
        var set = 0UL;
        if (s.TxPending)
        {
            set |=
                (s.Blocked & Blocked.ReadOnWrite) != 0 ? _readWrite
                : s.Rehandshaking && !s.DataPending ? _rehandshakeWrite
                : _writeWrite;
        }

        if (s.Rehandshaking)
            set |= _rehandshakeRead;
        else if ((s.Blocked & Blocked.WriteOnRead) != 0)
            set |= _writeRead;
        else if (s.MidRecord && (s.Blocked & Blocked.ReadOnRead) != 0)
            set |= _readRead;

        if (s.Credit <= 0 && !s.ReadClosed)
            set |= _noCredit;
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

    private ulong Peer(StallOperation operation, StallWant want) => new StallKey(operation, want, _leg, _peer).Mask;
}
