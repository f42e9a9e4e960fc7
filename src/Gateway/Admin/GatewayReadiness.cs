using TlsGateway.Fleet.Protocol;

namespace TlsGateway.Gateway.Admin;

/// <summary>Where the process is in its life, for /readyz. Any thread.</summary>
internal sealed class GatewayReadiness
{
    private volatile GatewayPhase _phase = GatewayPhase.Starting;
    private volatile Func<DrainProgress?> _drain = static () => null;
    private volatile Func<string?> _missing = static () => null;

    public GatewayPhase Phase
    {
        get => _phase;
        set => _phase = value;
    }

    /// <summary>How far the drain is; null: there is none.</summary>
    public DrainProgress? Drain => _drain();

    /// <summary>What new connections have to wait for although the listeners are bound, in words; null: nothing.</summary>
    public string? Missing => _missing();

    /// <summary>New connections are welcome.</summary>
    public bool IsReady => Phase == GatewayPhase.Ready && Missing is null;

    public void DrainsBy(Func<DrainProgress?> drain) => _drain = drain;

    public void WaitsFor(Func<string?> missing) => _missing = missing;
}
