using TlsGateway.Fleet.Settings;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Kubernetes;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Members as pods of Kubernetes.</summary>
internal static class KubernetesMembers
{
    /// <param name="options">Checked: what they hold needs no quoting.</param>
    /// <param name="self">Whose port is all members', where none is set.</param>
    public static FleetDiscovery Discover(ClusterKubernetesOptions options, FleetAddress self) =>
        new(
            $$"""
            akka.discovery.kubernetes {
              namespace = "{{options.Namespace}}"
              label-selector = "{{options.Labels}}"
              port = {{options.Port ?? self.Port}}
            }
            akka.coordination.lease.kubernetes {
              namespace = "{{options.Namespace}}"
              observe-interval = 5s
            }
            """,
            KubernetesDefaults.Configuration,
            static (loggers, time) => new KubernetesSetup(loggers, time),
            Method: "kubernetes",
            Service: "members",
            LeasePath: KubernetesDefaults.LeasePath,
            LeaseName: options.Lease,
            options.ContactPoints
        );
}
