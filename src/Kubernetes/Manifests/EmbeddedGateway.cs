namespace TlsGateway.Kubernetes.Manifests;

/// <summary>What a gateway's configuration asks of the manifests around it.</summary>
public sealed record EmbeddedGateway
{
    /// <summary>What is wrong in the configuration itself.</summary>
    public IReadOnlyList<EmbeddedProblem> Problems { get; init; } = [];

    /// <summary>After SIGTERM: how long new connections are still taken.</summary>
    public TimeSpan DrainGrace { get; init; }

    /// <summary>Then: how long open connections may go on.</summary>
    public TimeSpan DrainTimeout { get; init; }

    /// <summary>Then: how long they may take to close; the longest of all listeners'.</summary>
    public TimeSpan Shutdown { get; init; }

    /// <summary>Where it listens.</summary>
    public IReadOnlyList<EmbeddedPort> Ports { get; init; } = [];

    /// <summary>The admin endpoint speaks TLS.</summary>
    public bool IsAdminTls { get; init; }

    /// <summary>Paths at the admin port that are open to everybody and say whether the process lives.</summary>
    public IReadOnlyCollection<string> LivePaths { get; init; } = [];

    /// <summary>As <see cref="LivePaths"/>, whether new connections are welcome.</summary>
    public IReadOnlyCollection<string> ReadyPaths { get; init; } = [];

    /// <summary>Path of the metrics at the admin port.</summary>
    public string MetricsPath { get; init; } = "/metrics";

    /// <summary>Files that it reads: the key that names one, and its absolute path.</summary>
    public IReadOnlyList<EmbeddedPath> ReadFiles { get; init; } = [];

    /// <summary>Folders that it writes into: the key that names one, and its absolute path.</summary>
    public IReadOnlyList<EmbeddedPath> WrittenFolders { get; init; } = [];

    /// <summary>The members that a cluster is formed with: the key, and <c>host:port</c>.</summary>
    public IReadOnlyList<EmbeddedPath> Seeds { get; init; } = [];

    /// <summary>Members are found through the Kubernetes API; null: they are not.</summary>
    public EmbeddedDiscovery? Discovery { get; init; }
}
