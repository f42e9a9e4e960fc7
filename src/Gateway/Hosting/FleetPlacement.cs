using System.Collections.Concurrent;
using System.Net;
using TlsGateway.Actors.Relaying;
using TlsGateway.Fleet;
using TlsGateway.Transport;

namespace TlsGateway.Gateway.Hosting;

/// <summary>Has the data path hand over what other members of the fleet take.</summary>
internal sealed class FleetPlacement(FleetNode fleet) : IRelayPlacement
{
    /// <summary>Members come and go with other addresses: what is known of those before is forgotten at once.</summary>
    private const int MaxTargets = 1000;

    private readonly ConcurrentDictionary<IPEndPoint, RelayTarget> _targets = new();

    public RelayTarget? Place()
    {
        if (fleet.Placement.Take() is not { } grant)
        {
            return null;
        }
        if (_targets.TryGetValue(grant.Address, out var target) && target.Member == grant.Member)
        {
            return target;
        }
        if (_targets.Count >= MaxTargets)
        {
            _targets.Clear();
        }
        return _targets[grant.Address] = new RelayTarget(grant.Member, InetEndPoint.From(grant.Address));
    }
}
