namespace TlsGateway.Actors;

/// <summary>Whose doing the end of a connection was: where an operator looks first.</summary>
public enum Fault
{
    /// <summary>Nobody's: a clean end, or one the operator asked for.</summary>
    None,

    /// <summary>The client, or the network between it and the gateway.</summary>
    Client,

    /// <summary>The upstream, or the network between it and the gateway.</summary>
    Upstream,

    /// <summary>The gateway: its configuration's limits or a defect.</summary>
    Self,
}
