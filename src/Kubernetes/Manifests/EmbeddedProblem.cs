namespace TlsGateway.Kubernetes.Manifests;

/// <summary>One thing that is wrong in a gateway's configuration.</summary>
/// <param name="Line">In the configuration, from 1.</param>
/// <param name="Message">What is wrong, and what to do.</param>
public sealed record EmbeddedProblem(int Line, string Message);
