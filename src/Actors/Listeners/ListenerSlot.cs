using Akka.Actor;
using TlsGateway.Actors.Limits;
using TlsGateway.Actors.Metrics;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Listeners;

/// <summary>What a loop's supervisor keeps of one listener so that it can replace its actor.</summary>
/// <param name="address">Where it listens, with the real port.</param>
/// <param name="generation">Current; one reference is owned from here on.</param>
/// <param name="counters">Of this listener on this loop, for all its actors.</param>
/// <param name="limits">Of this listener, for all loops.</param>
internal sealed class ListenerSlot(InetEndPoint address, ListenerGeneration generation, ListenerCounters counters, LimitState limits)
{
    private readonly Queue<IActorRef> _waiting = new();

    public string Name { get; } = generation.Settings.Name;

    public InetEndPoint Address { get; } = address;

    public ListenerCounters Counters { get; } = counters;

    public LimitState Limits { get; } = limits;

    public ListenerGeneration Generation { get; private set; } = generation;

    /// <summary>Null while a failed one has not been replaced.</summary>
    public IActorRef? Actor { get; set; }

    /// <summary>Accepts no more: gone from the configuration.</summary>
    public bool IsClosed { get; set; }

    /// <summary>Has yet to say that its last connection ended.</summary>
    public bool IsDraining { get; set; }

    /// <summary>Takes over the reference of <paramref name="next"/> and lets go of the one before.</summary>
    public void Use(ListenerGeneration next)
    {
        Generation.Release();
        Generation = next;
    }

    /// <summary>Passes a control message on; <paramref name="observer"/> hears Done when the listener has done it, or cannot any more.</summary>
    public void Ask(object message, IActorRef observer, IActorRef supervisor)
    {
        if (Actor is not { } actor)
        {
            observer.Tell(ListenerProtocol.Done.Instance);
            return;
        }

        _waiting.Enqueue(observer);
        actor.Tell(message, supervisor);
    }

    /// <summary>The listener answered the oldest message.</summary>
    public void Answered() => _waiting.Dequeue().Tell(ListenerProtocol.Done.Instance);

    /// <summary>The listener is no more: nobody waits for it in vain.</summary>
    public void Ended()
    {
        Actor = null;
        while (_waiting.TryDequeue(out var observer))
            observer.Tell(ListenerProtocol.Done.Instance);
    }
}
