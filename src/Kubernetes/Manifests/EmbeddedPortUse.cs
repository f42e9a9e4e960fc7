namespace TlsGateway.Kubernetes.Manifests;

/// <summary>Who connects to a port of the gateway.</summary>
public enum EmbeddedPortUse
{
    /// <summary>Everybody.</summary>
    Clients,

    /// <summary>Probes and Prometheus.</summary>
    Admin,

    /// <summary>Other members of the fleet.</summary>
    Members,
}
