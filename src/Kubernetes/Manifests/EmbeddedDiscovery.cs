namespace TlsGateway.Kubernetes.Manifests;

/// <summary>How a gateway finds members through the Kubernetes API.</summary>
/// <param name="Namespace">Whose pods are asked for.</param>
/// <param name="Labels">Of the pods: <c>key=value</c>, several with commas between them.</param>
/// <param name="Leases">That whoever forms the cluster holds, and who decides a split.</param>
public sealed record EmbeddedDiscovery(string Namespace, string Labels, IReadOnlyList<string> Leases);
