namespace TlsGateway.Kubernetes.Manifests;

/// <summary>Manifests as text: any number of YAML documents.</summary>
/// <param name="Name">How problems name it.</param>
/// <param name="Text">Its content.</param>
public sealed record ManifestFile(string Name, string Text);
