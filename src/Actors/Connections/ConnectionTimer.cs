using Akka.Actor;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

/// <summary>A timer of the loop's wheel that tells its actor <see cref="TimerDue"/>.</summary>
internal sealed class ConnectionTimer(IActorRef target) : LoopTimer
{
    protected override void OnDue(long nowNanos) => target.Tell(TimerDue.Instance, ActorRefs.NoSender);
}
