namespace TlsGateway.Gateway.Admin;

internal enum GatewayPhase
{
    /// <summary>Listeners are not all bound yet.</summary>
    Starting,

    /// <summary>New connections are welcome.</summary>
    Ready,

    /// <summary>Open connections go on, new ones are not accepted.</summary>
    Draining,
}
