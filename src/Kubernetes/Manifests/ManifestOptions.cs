namespace TlsGateway.Kubernetes.Manifests;

/// <summary>What <see cref="ManifestChecker"/> cannot know from the manifests.</summary>
public sealed record ManifestOptions
{
    /// <summary>Objects that are made elsewhere, as <c>Kind/name</c>: <c>Secret/tls-gateway-read-token</c>, <c>ClusterIssuer/letsencrypt</c>.</summary>
    public IReadOnlyCollection<string> External { get; init; } = [];

    /// <summary>Reads a gateway's configuration from a ConfigMap: its text, and the container's environment variables. Null: what depends on it is not checked.</summary>
    public Func<string, IReadOnlyDictionary<string, string>, EmbeddedGateway>? ReadGateway { get; init; }
}
