using TlsGateway.Fleet.Membership;
using TlsGateway.Fleet.Protocol;

namespace TlsGateway.Gateway.Admin.Views;

/// <summary>The fleet as one member knows it.</summary>
/// <param name="Standing">How that member stands: off (it serves alone), joining, member, lost (it begins anew, and serves meanwhile) or leaving.</param>
/// <param name="Since">Since when.</param>
/// <param name="Disagreements">What members say differently although it should be the same; a sentence each.</param>
/// <param name="Members">By name, this one included.</param>
internal sealed record FleetView(
    string Standing,
    DateTimeOffset? Since,
    IReadOnlyList<string> Disagreements,
    IReadOnlyList<FleetMemberView> Members
)
{
    public static FleetView Of(FleetSnapshot fleet, DateTimeOffset now) =>
        new(
            fleet.Standing.ToString().ToLowerInvariant(),
            fleet.Standing == FleetStanding.Off ? null : fleet.Since,
            fleet.Disagreements,
            [.. fleet.Members.Select(member => FleetMemberView.Of(member, now))]
        );
}

/// <summary>A member. What it has not told yet is null.</summary>
/// <param name="Name">Of its host.</param>
/// <param name="Address">Its member port.</param>
/// <param name="Status">joining, weakly_up, up, leaving, exiting or down.</param>
/// <param name="Reachable">The fleet reaches it.</param>
/// <param name="Self">It is the one that answers.</param>
/// <param name="Oldest">It does what only one member does.</param>
/// <param name="HeardAgoSeconds">Since it was last heard of.</param>
/// <param name="Phase">starting, ready or draining.</param>
/// <param name="Configuration">A digest of what its configuration says.</param>
/// <param name="Connections">Open.</param>
/// <param name="Limit">Connections that it may have open.</param>
/// <param name="Relayed">Connections that came to it and are served by other members.</param>
/// <param name="LoopDelaySeconds">From readiness to service, the worst of its loops.</param>
/// <param name="Stalled">Connections stalled now, by cause.</param>
/// <param name="TicketKeys">Whose key it seals tickets with: fleet, own or file.</param>
internal sealed record FleetMemberView(
    string Name,
    string Address,
    string Status,
    bool Reachable,
    bool Self,
    bool Oldest,
    double? HeardAgoSeconds,
    string? Version,
    string? Phase,
    int? Generation,
    string? Configuration,
    long? Connections,
    long? Limit,
    long? Relayed,
    double? HandshakesPerSecond,
    double? LoopDelaySeconds,
    StalledView? Stalled,
    string? TicketKeys,
    long? TicketKeysVersion,
    double? TicketKeyAgeSeconds,
    double? UptimeSeconds,
    DrainView? Drain,
    IReadOnlyList<FleetCertificateView> Certificates
)
{
    public static FleetMemberView Of(MemberSnapshot member, DateTimeOffset now)
    {
        var (load, details) = (member.Load, member.Details);
        return new FleetMemberView(
            member.Name,
            member.Address,
            member.Status,
            member.IsReachable,
            member.IsSelf,
            member.IsOldest,
            member.HeardAgo?.TotalSeconds,
            details?.Version,
            details?.Phase,
            details?.Generation,
            details?.ConfigurationDigest,
            load?.Connections,
            details?.MaxConnections,
            load?.Relayed,
            load?.HandshakesPerSecond,
            load?.LoopDelay.TotalSeconds,
            load is null ? null : new StalledView(load.Stalled.Client, load.Stalled.Upstream, load.Stalled.Self),
            details?.KeysFrom,
            load?.KeysVersion,
            details?.KeyAge.TotalSeconds,
            details?.Uptime.TotalSeconds,
            details?.Drain is { } drain ? DrainView.Of(drain) : null,
            [.. (details?.Certificates ?? []).Select(one => FleetCertificateView.Of(one, now))]
        );
    }
}

/// <summary>Connections stalled now, by whose fault.</summary>
internal sealed record StalledView(long Client, long Upstream, long Self);

/// <summary>How far a member's drain is.</summary>
/// <param name="Connections">Open when it began.</param>
/// <param name="Left">Open still.</param>
/// <param name="SinceSeconds">How long it has been going on.</param>
/// <param name="EstimateSeconds">Until it is over, at the rate so far.</param>
/// <param name="AtMostSeconds">When what is left is closed.</param>
internal sealed record DrainView(long Connections, long Left, double SinceSeconds, double EstimateSeconds, double AtMostSeconds)
{
    public static DrainView Of(DrainProgress drain) =>
        new(drain.AtStart, drain.Left, drain.Since.TotalSeconds, drain.Estimate.TotalSeconds, drain.AtMost.TotalSeconds);
}

/// <summary>A certificate that a member serves.</summary>
internal sealed record FleetCertificateView(string Listener, string Name, string Serial, DateTimeOffset NotAfter, double DaysLeft)
{
    public static FleetCertificateView Of(MemberCertificate one, DateTimeOffset now) =>
        new(one.Listener, one.Name, one.Serial, one.NotAfter, Math.Round((one.NotAfter - now).TotalDays, 1));
}
