using Akka.Configuration;
using TlsGateway.Kubernetes.Api;

namespace TlsGateway.Kubernetes.Leases;

/// <summary>The section of a lease, checked; its times are in Akka's own settings.</summary>
internal sealed record KubernetesLeaseSettings
{
    private const string Path = KubernetesDefaults.LeasePath;

    public required ApiServerSettings Server { get; init; }

    public required string Namespace { get; init; }

    /// <summary>Null: the lease is looked at only when it is to be acquired.</summary>
    public required TimeSpan? ObserveInterval { get; init; }

    /// <exception cref="ConfigurationException">Says what is wrong and what to do.</exception>
    public static KubernetesLeaseSettings From(Config config, Func<string, string?> environment) =>
        new()
        {
            Server = ApiServerSettings.From(config, Path, environment),
            Namespace = ApiServerSettings.NamespaceFrom(config, Path),
            // "off" is a false to HOCON.
            ObserveInterval = config.GetString("observe-interval", "off") is "off" or "false" or ""
                ? null
                : ApiServerSettings.Positive(config, "observe-interval", Path),
        };
}
