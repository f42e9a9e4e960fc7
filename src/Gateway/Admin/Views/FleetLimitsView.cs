using TlsGateway.Actors;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Metrics;

namespace TlsGateway.Gateway.Admin.Views;

/// <summary>Limits of each client network at all members of the fleet together.</summary>
/// <param name="Told">Networks that this member told the others of last: those with much.</param>
/// <param name="LeftOut">That it did not tell of, because there were a thousand heavier ones.</param>
/// <param name="Elsewhere">Networks that others have told of.</param>
/// <param name="ConnectionsElsewhere">That those have open at other members.</param>
/// <param name="Refused">Connections refused here so far, by reason.</param>
internal sealed record FleetLimitsView(
    ClientLimitView? ClientLimits,
    int Told,
    int LeftOut,
    int Elsewhere,
    long ConnectionsElsewhere,
    IReadOnlyDictionary<string, long> Refused
)
{
    private static readonly string[] Reasons =
    [
        GatewayMetrics.NameOf(CloseReason.FleetClientTooManyConnections),
        GatewayMetrics.NameOf(CloseReason.FleetClientHandshakeRateExceeded),
    ];

    /// <summary>Null: there is no such limit.</summary>
    public static FleetLimitsView? Of(LimitsSnapshot one) =>
        one.Fleet is { } fleet
            ? new(
                ClientLimitView.Of(fleet.Clients),
                fleet.Told,
                fleet.LeftOut,
                fleet.Elsewhere,
                fleet.ConnectionsElsewhere,
                Reasons.ToDictionary(
                    static reason => reason,
                    reason => one.Listeners.Sum(listener => listener.Refused.GetValueOrDefault(reason)),
                    StringComparer.Ordinal
                )
            )
            : null;
}
