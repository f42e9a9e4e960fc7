using System.Globalization;
using k8s.Models;
using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>Policies name ports that pods have; each port of a gateway is open to those it is for, and what is not for everybody is not open to everybody.</summary>
internal sealed class NetworkPolicyRules : IManifestRule
{
    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        foreach (var (document, policy) in manifests.Of<V1NetworkPolicy>())
        {
            foreach (var workload in manifests.Workloads.Where(workload => Selects(document, policy, workload)))
            {
                CheckPorts(document, policy, workload, problems);
            }
        }
        foreach (var gateway in gateways)
        {
            CheckGateway(manifests, gateway, problems);
        }
    }

    private static void CheckPorts(ManifestDocument document, V1NetworkPolicy policy, Workload workload, List<ManifestProblem> problems)
    {
        foreach (var (rule, ingress) in (policy.Spec.Ingress ?? []).Index())
        {
            foreach (var (index, port) in (ingress.Ports ?? []).Index())
            {
                if (port.Port is { } named && port.EndPort is null && !PodPorts.IsDeclared(PodPorts.Of(workload), named.Value))
                {
                    problems.Add(
                        document.Problem(
                            FormattableString.Invariant($"spec.ingress[{rule}].ports[{index}].port"),
                            $"is {named.Value}, which no container of {workload.Document.Title} has. Its ports are: {PodPorts.Describe(PodPorts.Of(workload))}. A policy is about the pod's ports, not the Service's."
                        )
                    );
                }
            }
        }
    }

    private static void CheckGateway(ManifestSet manifests, GatewayContainer gateway, List<ManifestProblem> problems)
    {
        var workload = gateway.Workload;
        var policies = manifests
            .Of<V1NetworkPolicy>()
            .Where(found => Selects(found.Document, found.Model, workload) && IsForIngress(found.Model))
            .ToList();
        if (policies.Count == 0)
        {
            // Without a policy everything is open, by choice.
            return;
        }
        foreach (var port in gateway.Gateway.Ports.Where(static port => !port.IsLoopback))
        {
            var open = policies
                .SelectMany(found => (found.Model.Spec.Ingress ?? []).Index().Select(rule => (found.Document, rule.Index, Rule: rule.Item)))
                .Where(found => Opens(found.Rule, gateway, port.Port))
                .ToList();
            if (!open.Exists(found => port.Use != EmbeddedPortUse.Members || LetsIn(found.Rule, workload)))
            {
                var whom = port.Use == EmbeddedPortUse.Members ? " to the members themselves" : "";
                problems.Add(
                    policies[0]
                        .Document.Problem(
                            "spec.ingress",
                            FormattableString.Invariant(
                                $"and the other policies of {workload.Document.Title} leave port {port.Port} closed{whom}, which {gateway.ConfigurationTitle} listens on ({port.Key}). Add a rule for it."
                            )
                        )
                );
            }
            foreach (
                var (document, index, _) in open.Where(found =>
                    port.Use != EmbeddedPortUse.Clients && (found.Rule.FromProperty is null || found.Rule.FromProperty.Count == 0)
                )
            )
            {
                problems.Add(
                    document.Problem(
                        FormattableString.Invariant($"spec.ingress[{index}]"),
                        FormattableString.Invariant(
                            $"opens port {port.Port} to everybody, and it is {(port.Use == EmbeddedPortUse.Admin ? "the admin endpoint" : "for members only")} ({port.Key} of {gateway.ConfigurationTitle}). Say from whom, or name the ports for everybody."
                        )
                    )
                );
            }
        }
    }

    private static bool Selects(ManifestDocument document, V1NetworkPolicy policy, Workload workload) =>
        document.Namespace == workload.Namespace && Labels.Select(policy.Spec?.PodSelector, workload.Labels);

    private static bool IsForIngress(V1NetworkPolicy policy) =>
        policy.Spec.PolicyTypes is not { Count: > 0 } types || types.Contains("Ingress");

    private static bool Opens(V1NetworkPolicyIngressRule rule, GatewayContainer gateway, int number)
    {
        if (rule.Ports is not { Count: > 0 } ports)
        {
            return true;
        }
        return ports.Any(port =>
            port.Protocol is null or "TCP"
            && (
                port.Port is null
                || PodPorts.Resolve(gateway.Ports, port.Port.Value) == number
                || (
                    port.EndPort is { } last
                    && int.TryParse(port.Port.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                    && number >= first
                    && number <= last
                )
            )
        );
    }

    private static bool LetsIn(V1NetworkPolicyIngressRule rule, Workload workload) =>
        rule.FromProperty is not { Count: > 0 } peers
        || peers.Any(peer =>
            // Networks may hold the pods' addresses; which, no manifest says.
            peer.IpBlock
                is not null
            || (peer.PodSelector is null && peer.NamespaceSelector is not null)
            || Labels.Select(peer.PodSelector, workload.Labels)
        );
}
