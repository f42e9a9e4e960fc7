using Akka.Actor;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

/// <summary>A timer of the loop's wheel that tells its actor <see cref="ThrottleOver"/>.</summary>
internal sealed class ThrottleTimer(IActorRef target) : LoopTimer
{
    protected override void OnDue(long nowNanos) => target.Tell(ThrottleOver.Instance, ActorRefs.NoSender);
}
