using System.Diagnostics.Metrics;
using TlsGateway.Fleet.Membership;

namespace TlsGateway.Gateway.Telemetry;

/// <summary>The instruments of the fleet as this member sees it; they have values with <c>cluster</c> only.</summary>
internal static class FleetInstruments
{
    /// <param name="meter">Of the gateway.</param>
    /// <param name="fleet">As it is seen from here; null: this gateway serves alone.</param>
    /// <param name="joins">How often this gateway has begun to be a member.</param>
    /// <param name="refused">Who came and was no member.</param>
    public static void Create(Meter meter, Func<FleetSnapshot?> fleet, Func<long> joins, Func<long> refused)
    {
        meter.CreateObservableUpDownCounter(
            "gateway.fleet.is_member",
            () => fleet() is { } seen ? (Measurement<int>[])[new(seen.Standing == FleetStanding.Member ? 1 : 0)] : [],
            "{member}",
            "1 while this gateway is a member of the fleet, 0 while it is not: then it serves alone and asks to be let in."
        );
        meter.CreateObservableUpDownCounter(
            "gateway.fleet.members",
            () =>
                (fleet()?.Members ?? [])
                    .GroupBy(static member => member.IsReachable ? member.Status : "unreachable", StringComparer.Ordinal)
                    .Select(static group => new Measurement<int>(group.Count(), new KeyValuePair<string, object?>("status", group.Key))),
            "{member}",
            "Members of the fleet as this one sees them, by status; one that is not reached counts as unreachable, whatever its status."
        );
        meter.CreateObservableUpDownCounter(
            "gateway.fleet.disagreements",
            () => fleet() is { } seen ? (Measurement<int>[])[new(seen.Disagreements.Count)] : [],
            "{disagreement}",
            "What members serve differently although it should be the same: configuration, version, certificates, ticket keys. /fleet has a sentence for each."
        );
        meter.CreateObservableCounter(
            "gateway.fleet.joins",
            () => fleet() is null ? [] : (Measurement<long>[])[new(joins())],
            "{join}",
            "How often this gateway has begun to be a member; more than once: it was lost to the fleet, or its certificate was renewed."
        );
        meter.CreateObservableCounter(
            "gateway.fleet.refused",
            () => fleet() is null ? [] : (Measurement<long>[])[new(refused())],
            "{connection}",
            "Connections at the member port, or to one, whose other end did not show to be a member: another certificate, none, no TLS, or silence."
        );
    }
}
