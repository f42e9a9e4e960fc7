namespace TlsGateway.Kubernetes.Discovery;

/// <summary>Which pods are watched, and how.</summary>
internal sealed record PodWatchSettings
{
    public required string Namespace { get; init; }

    public required string LabelSelector { get; init; }

    /// <summary>How many pods are asked for at once.</summary>
    public int PageSize { get; init; } = 250;

    /// <summary>How many are kept.</summary>
    public int MaxPods { get; init; } = 1000;

    /// <summary>How long the API server may leave a watch open.</summary>
    public TimeSpan WatchTimeout { get; init; } = TimeSpan.FromMinutes(5);

    public TimeSpan RetryFirst { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan RetryLongest { get; init; } = TimeSpan.FromSeconds(30);
}
