namespace TlsGateway.Kubernetes.Discovery;

/// <summary>What is known of the pods, and how well.</summary>
/// <param name="Pods">By name, in its order.</param>
/// <param name="Age">Since the API server said something of them last; while a watch is open it does so every minute or so.</param>
/// <param name="IsWatched">Changes arrive as they happen. False: the API server is not there, and these are the last that were known.</param>
/// <param name="IsCut">There are more, beyond the bound.</param>
/// <param name="Problem">Why they are not watched; null where they are.</param>
public sealed record KnownPods(IReadOnlyList<PodAddress> Pods, TimeSpan Age, bool IsWatched, bool IsCut, string? Problem);
