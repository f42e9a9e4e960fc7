using k8s.Models;

namespace TlsGateway.Kubernetes.Manifests.Reading;

/// <summary>A container that runs a gateway, with the configuration that it runs with.</summary>
/// <param name="Workload">Whose pods it is in.</param>
/// <param name="Path">Where it is in the workload.</param>
/// <param name="Container">Itself.</param>
/// <param name="Gateway">What the configuration says.</param>
/// <param name="ConfigurationTitle">The ConfigMap and key that it is in, for messages.</param>
internal sealed record GatewayContainer(
    Workload Workload,
    string Path,
    V1Container Container,
    EmbeddedGateway Gateway,
    string ConfigurationTitle
)
{
    public IEnumerable<V1ContainerPort> Ports => Container.Ports ?? [];

    public ManifestProblem Problem(string inner, string message) =>
        Workload.Document.Problem(inner.Length == 0 ? Path : $"{Path}.{inner}", message);
}
