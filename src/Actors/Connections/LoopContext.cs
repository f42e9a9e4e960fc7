using Akka.Actor;
using Microsoft.Extensions.Logging;
using TlsGateway.Actors.Buffers;
using TlsGateway.Actors.Dispatch;
using TlsGateway.Actors.Inspection;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

/// <summary>What the actors of one loop share. Used on that loop's thread only.</summary>
public sealed class LoopContext(EventLoop loop, ILogger log)
{
    public EventLoop Loop { get; } = loop;

    public AppDataPool Buffers { get; } = new(loop.Buffers);

    public ILogger Log { get; } = log;

    /// <summary>Where connections say that their handshake failed.</summary>
    internal HandshakeFailureLog HandshakeFailures { get; } = new(log);

    internal ConnectionTable Connections { get; } = new();

    /// <summary>Pins an actor to this loop.</summary>
    public Deploy Pin { get; } = EventLoops.Pin(loop.Index);
}
