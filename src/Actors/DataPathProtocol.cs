using Akka.Actor;

namespace TlsGateway.Actors;

/// <summary>Marks what only the data path sends: a singleton or a pooled object, worth nothing to a dead letter.</summary>
public interface IDataPathMessage : INoSerializationVerificationNeeded;

/// <summary>An operator's order to one connection. Answered with <see cref="Inspection.OrderAnswer"/>, also by a mailbox that the connection has left.</summary>
public interface IConnectionOrderMessage : IDataPathMessage;

/// <summary>The socket became readable, reached its end or failed; told once after the actor asked for it.</summary>
public sealed class SocketReadable : IDataPathMessage
{
    private SocketReadable() { }

    public static SocketReadable Instance { get; } = new();
}

/// <summary>The socket became writable or failed; told once after the actor asked for it.</summary>
public sealed class SocketWritable : IDataPathMessage
{
    private SocketWritable() { }

    public static SocketWritable Instance { get; } = new();
}

/// <summary>Credit flows back: the other leg passed on this many bytes of what it was given.</summary>
/// <remarks>One per leg, in flight at most once; bytes that are passed on meanwhile are added to it.</remarks>
public sealed class AppDataConsumed : IDataPathMessage
{
    private int _bytes;

    /// <summary>Adds to the message; true when it has to be told (it was not in flight).</summary>
    public bool Add(int bytes)
    {
        var idle = _bytes == 0;
        _bytes += bytes;
        return idle;
    }

    /// <summary>The bytes granted; the message may be told again afterwards.</summary>
    public int Take()
    {
        var bytes = _bytes;
        _bytes = 0;
        return bytes;
    }
}

/// <summary>The peer of the other leg ended its sending side cleanly (close_notify or FIN): no more <see cref="Buffers.AppData"/> follows.</summary>
public sealed class PeerClosed : IDataPathMessage
{
    private PeerClosed() { }

    public static PeerClosed Instance { get; } = new();
}

/// <summary>The upstream leg passed on all it was given and closed its sending side.</summary>
public sealed class UpstreamFlushed : IDataPathMessage
{
    private UpstreamFlushed() { }

    public static UpstreamFlushed Instance { get; } = new();
}

/// <summary>The upstream leg cannot go on. One instance per reason.</summary>
public sealed class UpstreamFailed : IDataPathMessage
{
    private UpstreamFailed(CloseReason reason) => Reason = reason;

    public static UpstreamFailed ConnectFailed { get; } = new(CloseReason.UpstreamConnectFailed);
    public static UpstreamFailed ConnectTimeout { get; } = new(CloseReason.UpstreamConnectTimeout);
    public static UpstreamFailed TlsFailed { get; } = new(CloseReason.UpstreamTlsFailed);
    public static UpstreamFailed Truncated { get; } = new(CloseReason.UpstreamTruncated);
    public static UpstreamFailed QueueFull { get; } = new(CloseReason.UpstreamQueueFull);
    public static UpstreamFailed QueueTimeout { get; } = new(CloseReason.UpstreamQueueTimeout);
    public static UpstreamFailed Reset { get; } = new(CloseReason.UpstreamReset);

    public CloseReason Reason { get; }
}

/// <summary>The connection has ended: give back what this leg has. Answered with <see cref="LegEnded"/>.</summary>
public sealed class EndLeg : IDataPathMessage
{
    private EndLeg() { }

    public static EndLeg Instance { get; } = new();
}

/// <summary>Comes behind everything that was told to the connection's actor on behalf of the connection that has ended.</summary>
public sealed class LegEnded : IDataPathMessage
{
    private LegEnded() { }

    public static LegEnded Instance { get; } = new();
}

/// <summary>A timer of the loop's wheel that this actor set came due.</summary>
public sealed class TimerDue : IDataPathMessage
{
    private TimerDue() { }

    public static TimerDue Instance { get; } = new();
}

/// <summary>The gateway drains: finish what is in flight.</summary>
public sealed class Drain : IDataPathMessage
{
    private Drain() { }

    public static Drain Instance { get; } = new();
}

/// <summary>The drain time is over: close_notify now, then close.</summary>
public sealed class CloseNow : IDataPathMessage
{
    private CloseNow() { }

    public static CloseNow Instance { get; } = new();
}

/// <summary>The operator wants this connection closed: close_notify now, then close. Answered with <see cref="Inspection.OrderAnswer"/>.</summary>
public sealed class CloseByOrder : IConnectionOrderMessage
{
    private CloseByOrder() { }

    public static CloseByOrder Instance { get; } = new();
}

/// <summary>
/// Ask the client for its certificate now: renegotiation on TLS 1.2, post-handshake authentication on TLS 1.3. Answered with <see cref="Inspection.OrderAnswer"/>.
/// </summary>
public sealed class RequestClientCertificate : IConnectionOrderMessage
{
    private RequestClientCertificate() { }

    public static RequestClientCertificate Instance { get; } = new();
}

/// <summary>Renew the connection's keys: renegotiation on TLS 1.2, KeyUpdate on TLS 1.3. Answered with <see cref="Inspection.OrderAnswer"/>.</summary>
public sealed class Rehandshake : IConnectionOrderMessage
{
    private Rehandshake() { }

    public static Rehandshake Instance { get; } = new();
}

/// <summary>Memory is short and the connection idle: close_notify now, then close.</summary>
public sealed class CloseForMemory : IDataPathMessage
{
    private CloseForMemory() { }

    public static CloseForMemory Instance { get; } = new();
}

/// <summary>Another member has more room, and the connection is idle: close_notify now, then close.</summary>
public sealed class CloseForBalance : IDataPathMessage
{
    private CloseForBalance() { }

    public static CloseForBalance Instance { get; } = new();
}

/// <summary>A limit of bytes per second that held the connection back lets it go on.</summary>
public sealed class ThrottleOver : IDataPathMessage
{
    private ThrottleOver() { }

    public static ThrottleOver Instance { get; } = new();
}
