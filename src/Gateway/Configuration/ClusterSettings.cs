using System.Net;
using TlsGateway.Actors.Settings;
using TlsGateway.Fleet.Settings;

namespace TlsGateway.Gateway.Configuration;

/// <summary>The gateway as one of several, validated.</summary>
/// <param name="Fleet">How members find and trust each other, and what they share.</param>
/// <param name="ReadyAsMemberOnly">Without the fleet the gateway serves, and says that it is not ready.</param>
/// <param name="RelayBind">Where other members hand over connections; null: they do not.</param>
/// <param name="ClientLimits">Of each client network at all members together.</param>
internal sealed record ClusterSettings(
    FleetSettings Fleet,
    bool ReadyAsMemberOnly,
    IPEndPoint? RelayBind,
    ClientLimitSettings ClientLimits
);
