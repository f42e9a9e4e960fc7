using Akka.Actor.Setup;

namespace TlsGateway.Actors.Dispatch;

/// <summary>How an ActorSystem's event loops are made; part of its <see cref="Akka.Actor.Setup.ActorSystemSetup"/>.</summary>
public sealed class EventLoopsSetup : Setup
{
    /// <summary>Loops; one per core by default.</summary>
    public int Count { get; init; } = Environment.ProcessorCount;

    /// <summary>The loops' clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told what escaped from a mailbox or a timer; an actor's own failures go to its supervisor instead.</summary>
    public Action<Exception>? OnUnhandled { get; init; }
}
