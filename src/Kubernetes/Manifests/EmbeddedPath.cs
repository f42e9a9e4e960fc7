namespace TlsGateway.Kubernetes.Manifests;

/// <summary>A file, folder or address that a gateway's configuration names.</summary>
/// <param name="Key">The key, such as <c>stateFolder</c>.</param>
/// <param name="Value">What it names.</param>
public sealed record EmbeddedPath(string Key, string Value);
