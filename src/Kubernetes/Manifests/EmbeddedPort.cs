namespace TlsGateway.Kubernetes.Manifests;

/// <summary>A port that the gateway listens on.</summary>
/// <param name="Key">The key in its configuration, such as <c>listeners[0].bind</c>.</param>
/// <param name="Port">The number.</param>
/// <param name="Use">Who connects there.</param>
/// <param name="IsLoopback">Only from within the pod.</param>
public sealed record EmbeddedPort(string Key, int Port, EmbeddedPortUse Use, bool IsLoopback);
