using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>The container declares the ports that the gateway listens on, no others, and may listen on them.</summary>
internal sealed class GatewayPortRules : IManifestRule
{
    /// <summary>Linux: below it a process needs a capability.</summary>
    private const int FirstOrdinaryPort = 1024;

    private const string Unprivileged = "net.ipv4.ip_unprivileged_port_start";

    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        foreach (var gateway in gateways)
        {
            var ports = gateway.Gateway.Ports.Where(static port => !port.IsLoopback).ToList();
            foreach (var port in ports)
            {
                if (!gateway.Ports.Any(declared => declared.ContainerPort == port.Port))
                {
                    problems.Add(
                        gateway.Problem(
                            "ports",
                            FormattableString.Invariant(
                                $"has no {port.Port}, which {gateway.ConfigurationTitle} listens on ({port.Key}). Its ports are: {PodPorts.Describe(gateway.Ports)}. Add it."
                            )
                        )
                    );
                }
                if (port.Port < FirstOrdinaryPort && !MayBind(gateway, port.Port))
                {
                    problems.Add(
                        gateway.Problem(
                            "securityContext.capabilities",
                            FormattableString.Invariant(
                                $"lacks NET_BIND_SERVICE, which port {port.Port} needs ({port.Key} of {gateway.ConfigurationTitle}). Add it or the sysctl {Unprivileged}; or listen on a port from {FirstOrdinaryPort} and let the Service have {port.Port}."
                            )
                        )
                    );
                }
            }
            foreach (
                var (index, declared) in gateway.Ports.Index().Where(one => !ports.Exists(port => port.Port == one.Item.ContainerPort))
            )
            {
                problems.Add(
                    gateway.Problem(
                        FormattableString.Invariant($"ports[{index}]"),
                        FormattableString.Invariant(
                            $"is {declared.ContainerPort}, and {gateway.ConfigurationTitle} does not listen there. It listens on: {string.Join(", ", ports.Select(static port => port.Port))}. Correct or remove it."
                        )
                    )
                );
            }
        }
    }

    private static bool MayBind(GatewayContainer gateway, int port)
    {
        var added = gateway.Container.SecurityContext?.Capabilities?.Add ?? [];
        var start = (gateway.Workload.Pod.SecurityContext?.Sysctls ?? []).FirstOrDefault(static one => one.Name == Unprivileged)?.Value;
        return added.Contains("NET_BIND_SERVICE") || added.Contains("ALL") || (int.TryParse(start, out var first) && first <= port);
    }
}
