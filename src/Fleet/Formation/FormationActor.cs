using Akka.Actor;
using Akka.Cluster;
using TlsGateway.Fleet.Protocol;

namespace TlsGateway.Fleet.Formation;

/// <summary>Tells members that look for a fleet whether this one is in one. Child of the user guardian; keeps nothing.</summary>
internal sealed class FormationActor : UntypedActor
{
    public const string Name = "formation";

    private readonly Cluster _cluster = Cluster.Get(Context.System);

    protected override void OnReceive(object message)
    {
        if (message is FormationQuestion)
        {
            Sender.Tell(new FormationAnswer(MembersUp()));
        }
    }

    private List<Address> MembersUp()
    {
        var members = _cluster.State.Members.Where(static one => one.Status == MemberStatus.Up).Select(static one => one.Address).ToList();
        return members.Contains(_cluster.SelfAddress) ? members : [];
    }
}
