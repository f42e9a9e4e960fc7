using Akka.Actor;
using Akka.Cluster.Routing;
using Akka.Dispatch;
using Akka.Routing;
using Akka.Util;

namespace TlsGateway.Fleet.Balancing;

/// <summary>The group router of <see cref="LighterMemberLogic"/>: over the cluster, to the actor of the same path on each member but this one.</summary>
internal sealed class LighterMemberGroup(string path, LighterMemberLogic logic) : Group([path], Dispatchers.DefaultDispatcherId)
{
    /// <summary>Members that are kept as routees; far above what a cluster of this kind can be.</summary>
    private const int MaxMembers = 1000;

    /// <summary>Made anew on each member: it does not travel.</summary>
    public override ISurrogate ToSurrogate(ActorSystem system) => throw new NotSupportedException("The router stays where it was made.");

    public override IEnumerable<string> GetPaths(ActorSystem system) => InternalPaths;

    public override Router CreateRouter(ActorSystem system) => new(logic);

    /// <summary>Over the members of the cluster with <see cref="FleetNode.Role"/>.</summary>
    public static Props Props(string path, LighterMemberLogic logic) =>
        new ClusterRouterGroup(
            new LighterMemberGroup(path, logic),
            new ClusterRouterGroupSettings(MaxMembers, [path], allowLocalRoutees: false, FleetNode.Role)
        ).Props();
}
