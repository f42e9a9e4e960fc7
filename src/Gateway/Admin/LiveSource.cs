using TlsGateway.Actors;
using TlsGateway.Fleet.Membership;
using TlsGateway.LiveView.Data;

namespace TlsGateway.Gateway.Admin;

/// <summary>What the live view reads of the process.</summary>
/// <param name="host">The data path; null before it is up.</param>
/// <param name="controls">Of the process; null before it is up.</param>
/// <param name="readiness">Of the process.</param>
internal sealed class LiveSource(Func<GatewayHost?> host, Func<AdminControls?> controls, GatewayReadiness readiness) : ILiveSource
{
    public GatewayHost? Host => host();

    public string Phase => readiness.Phase.ToString().ToLowerInvariant();

    /// <summary>A commit by its first digits.</summary>
    public string Version =>
        GatewayVersion.Text.Split('+') is [var version, { Length: > 7 } commit] ? $"{version}+{commit[..7]}" : GatewayVersion.Text;

    public IReadOnlyList<LiveCertificate> Certificates =>
        [
            .. (controls()?.Certificates() ?? []).Select(static one => new LiveCertificate(
                one.Listener,
                one.Name,
                one.Names,
                one.Serial,
                one.NotAfter,
                one.Staple is not { } staple ? null : staple.Get(TimeProvider.System.GetUtcNow()) is not null
            )),
        ];

    public LiveFleet Fleet
    {
        get
        {
            var fleet = controls()?.Fleet() ?? FleetSnapshot.Off;
            return fleet.Standing == FleetStanding.Off
                ? LiveFleet.Off
                : new LiveFleet(fleet.Standing.ToString().ToLowerInvariant(), fleet.Disagreements, [.. fleet.Members.Select(Describe)]);
        }
    }

    private static LiveMember Describe(MemberSnapshot member) =>
        new()
        {
            Name = member.Name,
            Address = member.Address,
            Status = member.IsReachable ? member.Status : "unreachable",
            IsSelf = member.IsSelf,
            IsOldest = member.IsOldest,
            Phase = member.Details?.Phase,
            Version = member.Details?.Version,
            Generation = member.Details?.Generation,
            Connections = member.Load?.Connections,
            Relayed = member.Load?.Relayed,
            HandshakesPerSecond = member.Load?.HandshakesPerSecond,
            LoopDelay = member.Load?.LoopDelay,
            StalledBy = member.Load is { } load ? [load.Stalled.Client, load.Stalled.Upstream, load.Stalled.Self] : null,
            KeyAge = member.Details?.KeyAge,
            KeysFrom = member.Details?.KeysFrom,
            CertificateEnds = member.Details is { Certificates: { Count: > 0 } served } ? served.Min(static one => one.NotAfter) : null,
            Drain = member.Details?.Drain is { } drain ? (drain.Left, drain.Estimate) : null,
        };

    public LiveConfiguration Configuration =>
        controls() is { } running
            ? new LiveConfiguration(
                running.Configuration().File,
                running.Reloads().Done,
                running.Reloads().Refused,
                running.TicketKeySince()
            )
            : new LiveConfiguration("", 0, 0, default);
}
