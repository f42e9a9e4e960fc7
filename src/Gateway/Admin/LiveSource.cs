using TlsGateway.Actors;
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
