using Akka.Configuration;
using TlsGateway.Kubernetes.Api;

namespace TlsGateway.Kubernetes.Discovery;

/// <summary>The section <c>akka.discovery.kubernetes</c>, checked.</summary>
internal sealed record DiscoverySettings
{
    private const string Path = KubernetesDefaults.DiscoveryPath;

    public required ApiServerSettings Server { get; init; }

    /// <summary>With <c>%s</c> for the name that is looked up.</summary>
    public required string LabelSelector { get; init; }

    public required int Port { get; init; }

    /// <summary>Null: a target is a pod's address. Else its name, in this domain.</summary>
    public required string? ClusterDomain { get; init; }

    /// <summary>But for the selector.</summary>
    public required PodWatchSettings Watch { get; init; }

    /// <exception cref="ConfigurationException">Says what is wrong and what to do.</exception>
    public static DiscoverySettings From(Config config, Func<string, string?> environment)
    {
        var selector = config.GetString("label-selector", "");
        if (string.IsNullOrWhiteSpace(selector))
        {
            throw new ConfigurationException(
                $"{Path}.label-selector must not be empty: every pod of the namespace would be taken for a member"
            );
        }
        return new()
        {
            Server = ApiServerSettings.From(config, Path, environment),
            LabelSelector = selector,
            Port = ApiServerSettings.Within(config, "port", Path, 1, 65535),
            ClusterDomain = ClusterDomainFrom(config),
            Watch = new()
            {
                Namespace = ApiServerSettings.NamespaceFrom(config, Path),
                LabelSelector = "",
                PageSize = ApiServerSettings.Within(config, "page-size", Path, 1, 500),
                MaxPods = ApiServerSettings.Within(config, "max-pods", Path, 1, 10_000),
                WatchTimeout = ApiServerSettings.Positive(config, "watch-timeout", Path),
                RetryFirst = ApiServerSettings.Positive(config, "retry-first", Path),
                RetryLongest = ApiServerSettings.Positive(config, "retry-longest", Path),
            },
        };
    }

    private static string? ClusterDomainFrom(Config config)
    {
        var domain = config.GetString("cluster-domain", "");
        return config.GetString("host", "") switch
        {
            "ip" => null,
            "dns" when domain.Length > 0 => domain,
            "dns" => throw new ConfigurationException($"{Path}.cluster-domain must not be empty where host is dns"),
            var other => throw new ConfigurationException($"{Path}.host is '{other}', but must be ip or dns"),
        };
    }
}
