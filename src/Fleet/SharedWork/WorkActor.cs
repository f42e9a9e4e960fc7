using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.PublishSubscribe;

namespace TlsGateway.Fleet.SharedWork;

/// <summary>
/// Hears what came of work that other members do. Child of the user guardian, one in each incarnation. A crash restarts it and loses what it was told meanwhile, which is told again. Its mailbox gets one
/// message for each check that ends in the fleet, and a few for each OCSP response.
/// </summary>
internal sealed class WorkActor : UntypedActor
{
    /// <summary>Members that share work hear it.</summary>
    public const string Topic = "shared-work";

    private readonly WorkSharing _work;
    private readonly IActorRef _mediator = DistributedPubSub.Get(Context.System).Mediator;
    private readonly WorkSharing.Line _line;

    public WorkActor(WorkSharing work)
    {
        _work = work;
        var mediator = _mediator;
        _line = new WorkSharing.Line(
            Cluster.Get(Context.System).SelfUniqueAddress,
            what => mediator.Tell(new Publish(Topic, what), ActorRefs.NoSender)
        );
    }

    protected override void PreStart()
    {
        _mediator.Tell(new Subscribe(Topic, Self));
        _work.Connect(_line);
    }

    protected override void PostStop() => _work.Disconnect(_line);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case HealthReport report:
                _work.Hear(report);
                break;
            case StapleReport report:
                _work.Hear(report);
                break;
            default:
                // What a newer version says, and that the mediator has subscribed us.
                break;
        }
    }
}
