using Akka.Actor;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Dispatch;

/// <summary>Turns readiness into messages: the handle's owner is the actor that reads and writes the socket.</summary>
internal sealed class ActorSocketEvents : ISocketEvents
{
    public void OnReadable(SocketHandle handle) => (handle.Owner as IActorRef)?.Tell(SocketReadable.Instance, ActorRefs.NoSender);

    public void OnWritable(SocketHandle handle) => (handle.Owner as IActorRef)?.Tell(SocketWritable.Instance, ActorRefs.NoSender);
}
