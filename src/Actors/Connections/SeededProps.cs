using Akka.Actor;

namespace TlsGateway.Actors.Connections;

/// <summary>
/// Props that make one actor from a seed, without what Akka's own cost for each connection: <c>Props.Create</c> compiles an expression, and <c>WithDeploy</c> parses HOCON (an
/// empty text, for the new Deploy's configuration).
/// </summary>
/// <param name="deploy">Where it runs; made once, shared.</param>
/// <param name="seed">What the actor is made from.</param>
/// <param name="make">Makes it.</param>
internal sealed class SeededProps<TActor, TSeed>(Deploy deploy, TSeed seed, Func<TSeed, TActor> make) : Props(deploy, typeof(TActor), [])
    where TActor : ActorBase
{
    public override ActorBase NewActor() => make(seed);

    protected override Props Copy() => new SeededProps<TActor, TSeed>(Deploy, seed, make);
}
