using Akka.Configuration;

namespace TlsGateway.Kubernetes;

/// <summary>The defaults of both plugins. Akka finds a plugin's class by configuration, so an actor system that is to use one has these as a fallback.</summary>
public static class KubernetesDefaults
{
    /// <summary>Where Akka.Discovery looks for the plugin <c>kubernetes</c>.</summary>
    public const string DiscoveryPath = "akka.discovery.kubernetes";

    /// <summary>The path that is given to Akka.Coordination, and to lease-majority as <c>lease-implementation</c>.</summary>
    public const string LeasePath = "akka.coordination.lease.kubernetes";

    /// <summary>Every setting with its default.</summary>
    public static Config Configuration { get; } =
        ConfigurationFactory.FromResource("TlsGateway.Kubernetes.reference.conf", typeof(KubernetesDefaults).Assembly);
}
