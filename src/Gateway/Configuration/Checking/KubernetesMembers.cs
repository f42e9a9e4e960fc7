using TlsGateway.Fleet.Settings;
using TlsGateway.Gateway.Configuration.Options;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Members as pods of Kubernetes.</summary>
internal static class KubernetesMembers
{
    public static FleetDiscovery Discover(ClusterKubernetesOptions options, FleetAddress self) =>
        new(
            $$"""
            akka.discovery.kubernetes {
              namespace = "{{options.Namespace}}"
              label-selector = "{{options.Labels.Replace("\"", "", StringComparison.Ordinal)}}"
              port = {{options.Port ?? self.Port}}
            }
            akka.coordination.lease.kubernetes.namespace = "{{options.Namespace}}"
            """,
            Method: "kubernetes",
            Service: "members",
            LeasePath: "akka.coordination.lease.kubernetes",
            LeaseName: options.Lease,
            options.ContactPoints
        );
}
