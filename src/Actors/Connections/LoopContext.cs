using System.Security.Cryptography;
using Akka.Actor;
using Microsoft.Extensions.Logging;
using TlsGateway.Actors.Buffers;
using TlsGateway.Actors.Dispatch;
using TlsGateway.Actors.Events;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Limits;
using TlsGateway.Actors.Relaying;
using TlsGateway.Actors.Usage;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

/// <summary>What the actors of one loop share. Used on that loop's thread only.</summary>
public sealed class LoopContext
{
    private static readonly string s_process = RandomNumberGenerator.GetHexString(16, lowercase: true);

    internal LoopContext(EventLoop loop, ILogger log, ProcessResources? resources = null, LimitState? limits = null)
    {
        Resources = resources ?? new ProcessResources();
        Limits = limits ?? new LimitState();
        Loop = loop;
        Log = log;
        Buffers = new AppDataPool(loop.Buffers);
        HandshakeFailures = new HandshakeFailureLog(log);
        UpstreamFailures = new UpstreamFailureLog(log);
        Pin = EventLoops.Pin(loop.Index);
        ConnectionProps = Props.Create(() => new TlsConnectionActor(this)).WithDeploy(Pin);
        UpstreamProps = Props.Create(() => new UpstreamActor()).WithDeploy(Pin);
    }

    public EventLoop Loop { get; }

    public AppDataPool Buffers { get; }

    public ILogger Log { get; }

    /// <summary>Where connections say that their handshake failed.</summary>
    internal HandshakeFailureLog HandshakeFailures { get; }

    /// <summary>Where legs say that TLS with an endpoint failed.</summary>
    internal UpstreamFailureLog UpstreamFailures { get; }

    /// <summary>Tells this process from others in what is said of its connections elsewhere: 16 hex digits, by chance.</summary>
    public string Process { get; } = s_process;

    internal ConnectionTable Connections { get; } = new();

    /// <summary>The wall clock, for what is told of connections.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where the ends of connections are told.</summary>
    internal ConnectionEvents Events { get; } = new();

    /// <summary>Who does what.</summary>
    internal LoopUsage Usage { get; } = new();

    /// <summary>Makes traces; null: nobody takes them.</summary>
    internal ConnectionTracer? Tracer { get; init; }

    /// <summary>Of the process; all loops have the same.</summary>
    internal ProcessResources Resources { get; }

    /// <summary>Of all listeners together; all loops have the same.</summary>
    internal LimitState Limits { get; }

    /// <summary>How connections go between members; null: none do.</summary>
    internal RelaySettings? Relays { get; init; }

    internal RelayCounters RelayCounts { get; } = new();

    /// <summary>The actors of this loop's listeners that accept, by name.</summary>
    internal Dictionary<string, IActorRef> Listeners { get; } = new(StringComparer.Ordinal);

    /// <summary>How long what is ready waits for its turn, nanoseconds: the worst of the last moments. Written by the loop's supervisor.</summary>
    internal long DelayNanos { get; set; }

    /// <summary>The longest turn of the last moments, nanoseconds. Written by the loop's supervisor.</summary>
    internal long LongestTurnNanos { get; set; }

    /// <summary>Pins an actor to this loop.</summary>
    public Deploy Pin { get; }

    internal Props ConnectionProps { get; }

    internal Props UpstreamProps { get; }
}
