using Akka.Actor;
using Akka.Cluster;
using Microsoft.Extensions.Logging;
using TlsGateway.Fleet.Settings;

namespace TlsGateway.Fleet.Formation;

/// <summary>Brings a member to the others.</summary>
internal sealed class FleetFormation(ActorSystem system, Cluster cluster, FleetSettings settings, ILogger log)
{
    /// <summary>Asks to be let in; Akka goes on asking until it is, so this does not wait for it. Without seeds and discovery it is a fleet of its own.</summary>
    public async Task JoinAsync(CancellationToken stop)
    {
        if (settings.Discovery is { } discovery)
        {
            await new DiscoveredFormation(system, cluster, settings, discovery, log).JoinAsync(stop).ConfigureAwait(false);
            return;
        }
        JoinSeeds();
    }

    /// <summary>Only the first seed may begin a fleet, when no other answers: the same list in the same order on all.</summary>
    private void JoinSeeds() => cluster.JoinSeedNodes(settings.Seeds.Select(AddressOf).DefaultIfEmpty(cluster.SelfAddress));

    private Address AddressOf(FleetAddress seed) => new(cluster.SelfAddress.Protocol, cluster.SelfAddress.System, seed.Host, seed.Port);
}
