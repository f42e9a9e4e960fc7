using Akka.Actor;
using Akka.Actor.Setup;
using Microsoft.Extensions.Logging;

namespace TlsGateway.Kubernetes;

/// <summary>What the plugins get from the program that starts the actor system. Without it they use the machine's clock and Akka's log.</summary>
/// <param name="loggers">Null: Akka's log.</param>
/// <param name="time">Null: the machine's clock.</param>
/// <param name="random">What waits are spread by; null: a shared one. Used by one thread at a time.</param>
public sealed class KubernetesSetup(ILoggerFactory? loggers = null, TimeProvider? time = null, Random? random = null) : Setup
{
    private readonly Lock _lock = new();

    internal TimeProvider Time { get; } = time ?? TimeProvider.System;

    internal static KubernetesSetup Of(ActorSystem system)
    {
        var setup = system.Settings.Setup.Get<KubernetesSetup>();
        return setup.HasValue ? setup.Value : new KubernetesSetup();
    }

    internal ILogger CreateLog(ActorSystem system, Type owner) =>
        loggers is null ? new AkkaLogger(system, owner) : loggers.CreateLogger(owner.FullName!);

    /// <summary>From 0 to less than 1.</summary>
    internal double NextShare()
    {
        if (random is null)
        {
            return Random.Shared.NextDouble();
        }
        lock (_lock)
        {
            return random.NextDouble();
        }
    }
}
