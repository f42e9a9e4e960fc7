using TlsGateway.Actors;
using TlsGateway.Fleet;
using TlsGateway.Fleet.Membership;

namespace TlsGateway.Gateway.Hosting;

/// <summary>The other members, for the drain of this one.</summary>
internal sealed class FleetPeers(FleetNode fleet) : IDrainPeers
{
    /// <summary>A member without a limit takes any; so does one of which nothing is known: nobody else is there.</summary>
    public long Room
    {
        get
        {
            var others = fleet
                .Current.Members.Where(static one => one is { IsSelf: false, IsReachable: true, Status: "up", Load.IsDraining: false })
                .ToList();
            return others.Count == 0
                ? long.MaxValue
                : others.Sum(static one =>
                    one.Details is { MaxConnections: > 0 and var most } ? Math.Max(0, most - one.Load!.Connections) : int.MaxValue
                );
        }
    }

    public void CloseIdleRelayed(string member, int count, TimeSpan idle) => fleet.CloseIdleRelayed(member, count, idle);

    public void EndRelays() => fleet.EndRelays();
}
