using System.Runtime.InteropServices;

namespace TlsGateway.Actors.Sessions;

/// <summary>
/// All that <see cref="SessionMachine"/> knows of a downstream connection. A value: the actor holds one, a test copies them freely. Only the machine
/// writes it.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public struct SessionState
{
    public SessionPhase Phase { get; internal set; }

    /// <summary>The blocked calls; each bit's instant is in <see cref="BlockedSince"/>.</summary>
    public Blocked Blocked { get; internal set; }

    /// <summary>The reason that will be given; the first one stays.</summary>
    public CloseReason Reason { get; internal set; }

    /// <summary>The socket may give bytes (an edge was seen and not used up).</summary>
    public bool SocketReadable { get; internal set; }

    /// <summary>The socket may take bytes.</summary>
    public bool SocketWritable { get; internal set; }

    /// <summary>The client has begun to send a ClientHello.</summary>
    public bool HelloBegun { get; internal set; }

    /// <summary>The client's FIN was received.</summary>
    public bool SocketEof { get; internal set; }

    /// <summary>Ciphertext waits in the session for the engine.</summary>
    public bool RxBuffered { get; internal set; }

    /// <summary>The session's receive buffer has no room.</summary>
    public bool RxFull { get; internal set; }

    /// <summary>A record is partly received: the client owes the rest.</summary>
    public bool MidRecord { get; internal set; }

    /// <summary>A rehandshake was asked for or runs.</summary>
    public bool Rehandshaking { get; internal set; }

    /// <summary>A write that waits for bytes cannot go on before a read took what came during the rehandshake.</summary>
    public bool MustReadFirst { get; internal set; }

    /// <summary>The client's certificate is being looked up elsewhere: nothing is relayed meanwhile.</summary>
    public bool PeerCheckPending { get; internal set; }

    /// <summary>Ciphertext waits to be sent.</summary>
    public bool TxPending { get; internal set; }

    /// <summary>Plaintext from the upstream leg waits to be encrypted.</summary>
    public bool DataPending { get; internal set; }

    /// <summary>Bytes that the upstream leg still takes.</summary>
    public int Credit { get; internal set; }

    /// <summary>close_notify came: nothing more is read.</summary>
    public bool ReadClosed { get; internal set; }

    /// <summary>The upstream leg was told that the client sends no more.</summary>
    public bool UpstreamClosed { get; internal set; }

    /// <summary>The upstream leg, which was begun before the handshake was over, failed meanwhile; None: it did not.</summary>
    public CloseReason UpstreamFailure { get; internal set; }

    /// <summary>The upstream leg exists.</summary>
    public bool HasUpstream { get; internal set; }

    /// <summary>The upstream's side ended: no more data comes from it.</summary>
    public bool UpstreamEnded { get; internal set; }

    /// <summary>The upstream leg passed on all it was given, or is gone.</summary>
    public bool UpstreamFlushed { get; internal set; }

    /// <summary>close_notify is queued or sent.</summary>
    public bool NotifyQueued { get; internal set; }

    /// <summary>close_notify is to be sent before closing (a clean end).</summary>
    public bool NotifyWanted { get; internal set; }

    /// <summary>The sending side of the socket was shut down.</summary>
    public bool SocketShut { get; internal set; }

    /// <summary>The session is dead: no call on it but sending what it has pending.</summary>
    public bool SessionDead { get; internal set; }

    /// <summary>A read that had waited for room was unblocked: it goes before pending writes.</summary>
    public bool ReissueRead { get; internal set; }

    /// <summary>A write that had waited for bytes was unblocked: it goes before reads.</summary>
    public bool ReissueWrite { get; internal set; }

    /// <summary>When the handshake, read, write and shutdown calls were blocked, nanoseconds of the loop's clock; by the call's place in that order.</summary>
    internal BlockedInstants Since;

    /// <summary>When <paramref name="flag"/> (one bit) was set; -1 if it is not set.</summary>
    public readonly long BlockedSince(Blocked flag) => (Blocked & flag) == 0 ? -1 : Since[CallOf(flag)];

    internal static int CallOf(Blocked flag) => System.Numerics.BitOperations.TrailingZeroCount((int)flag) / 2;

    [System.Runtime.CompilerServices.InlineArray(4)]
    internal struct BlockedInstants
    {
        private long _first;
    }
}
