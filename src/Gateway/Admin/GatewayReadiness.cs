namespace TlsGateway.Gateway.Admin;

/// <summary>Where the process is in its life, for /ready. Any thread.</summary>
internal sealed class GatewayReadiness
{
    private volatile GatewayPhase _phase = GatewayPhase.Starting;

    public GatewayPhase Phase
    {
        get => _phase;
        set => _phase = value;
    }
}
