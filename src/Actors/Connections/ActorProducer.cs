using Akka.Actor;

namespace TlsGateway.Actors.Connections;

/// <summary>Makes one actor without reflection; Props.Create would compile an expression per connection.</summary>
internal sealed class ActorProducer<TActor, TSeed>(TSeed seed, Func<TSeed, TActor> make) : IIndirectActorProducer
    where TActor : ActorBase
{
    public Type ActorType => typeof(TActor);

    public ActorBase Produce() => make(seed);

    public void Release(ActorBase actor) { }
}
