using System.Globalization;
using k8s.Models;
using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>Members find each other: seeds are pods with names, or the Kubernetes API may be asked for pods.</summary>
internal sealed class GatewayMemberRules : IManifestRule
{
    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        foreach (var gateway in gateways)
        {
            foreach (var seed in gateway.Gateway.Seeds)
            {
                CheckSeed(manifests, gateway, seed, problems);
            }
            if (gateway.Gateway.Discovery is { } discovery)
            {
                CheckDiscovery(manifests, gateway, discovery, problems);
            }
        }
    }

    /// <summary>A name such as gateway-0.gateway-members.space.svc.cluster.local; others are somebody else's.</summary>
    private static void CheckSeed(ManifestSet manifests, GatewayContainer gateway, EmbeddedPath seed, List<ManifestProblem> problems)
    {
        var workload = gateway.Workload;
        var (host, port) = (seed.Value.Split(':')[0], seed.Value.Split(':')[^1]);
        var parts = host.Split('.');
        if (workload.Document.Model is not V1StatefulSet set || parts.Length < 3 || (parts.Length > 3 && parts[3] != "svc"))
        {
            return;
        }
        var dash = parts[0].LastIndexOf('-');
        var (pod, service, space) = (dash < 0 ? parts[0] : parts[0][..dash], parts[1], parts[2]);
        var title = $"{seed.Key} of {gateway.ConfigurationTitle} is {host}";
        if (space != workload.Namespace || pod != workload.Document.Name)
        {
            problems.Add(
                workload.Document.Problem(
                    "metadata.name",
                    $"is {workload.Document.Name} in namespace {workload.Namespace}, and {title}, which is no pod of it. Correct one of the two."
                )
            );
            return;
        }
        if (service != set.Spec.ServiceName)
        {
            problems.Add(
                workload.Document.Problem(
                    "spec.serviceName",
                    $"is {set.Spec.ServiceName}, and {title}, so the pods have no such name. Correct one of the two."
                )
            );
            return;
        }
        if (
            int.TryParse(parts[0].AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal)
            && ScalingRules.Fewest(manifests, workload) is { } fewest
            && ordinal >= fewest
        )
        {
            problems.Add(
                workload.Document.Problem(
                    "spec.replicas",
                    FormattableString.Invariant(
                        $"is {fewest} at least, and {title}, which may not be there. Name only pods that always are."
                    )
                )
            );
        }
        if (
            manifests.Find("Service", space, service) is { Model: V1Service found } document
            && found.Spec?.PublishNotReadyAddresses != true
        )
        {
            problems.Add(
                document.Problem(
                    "spec.publishNotReadyAddresses",
                    $"is not true, so a member has no name until it is ready, and {title}. Set it."
                )
            );
        }
        if (
            !gateway.Gateway.Ports.Any(one => one.Use == EmbeddedPortUse.Members && one.Port.ToString(CultureInfo.InvariantCulture) == port)
        )
        {
            problems.Add(
                gateway.Problem(
                    "ports",
                    $"has members elsewhere: {seed.Key} of {gateway.ConfigurationTitle} leads to port {port}, which is not where they listen. Write the port of cluster.bind."
                )
            );
        }
    }

    private static void CheckDiscovery(
        ManifestSet manifests,
        GatewayContainer gateway,
        EmbeddedDiscovery discovery,
        List<ManifestProblem> problems
    )
    {
        var workload = gateway.Workload;
        var account = workload.Pod.ServiceAccountName ?? "default";
        var mounts =
            workload.Pod.AutomountServiceAccountToken
            ?? (manifests.Find("ServiceAccount", workload.Namespace, account)?.Model as V1ServiceAccount)?.AutomountServiceAccountToken
            ?? true;
        if (!mounts)
        {
            problems.Add(
                workload.Document.Problem(
                    workload.PodPath("automountServiceAccountToken"),
                    $"is false, and cluster.kubernetes of {gateway.ConfigurationTitle} asks the Kubernetes API, which wants a token. Set it to true."
                )
            );
        }
        var wanted = discovery
            .Labels.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(static label => label.Split('=', 2))
            .Where(static label => label.Length == 2)
            .Select(static label => KeyValuePair.Create(label[0], label[1]));
        if (!Labels.Select(wanted, workload.Labels))
        {
            problems.Add(
                workload.Document.Problem(
                    workload.TemplatePath.Length == 0 ? "metadata.labels" : workload.TemplatePath + ".metadata.labels",
                    $"are {Labels.Describe(workload.Labels)}, and cluster.kubernetes.labels of {gateway.ConfigurationTitle} is {discovery.Labels}: members would not find each other. Make both the same."
                )
            );
        }
        foreach (var (group, resource, verb, name) in Needs(discovery))
        {
            if (!IsAllowed(manifests, workload, discovery, account, group, resource, verb, name))
            {
                problems.Add(
                    workload.Document.Problem(
                        workload.PodPath("serviceAccountName"),
                        $"is {account}, which may not {verb} {resource}{(name.Length == 0 ? "" : " " + name)} in namespace {discovery.Namespace}: cluster.kubernetes of {gateway.ConfigurationTitle} needs it. Give it a Role with that."
                    )
                );
            }
        }
    }

    private static IEnumerable<(string Group, string Resource, string Verb, string Name)> Needs(EmbeddedDiscovery discovery)
    {
        foreach (var verb in (string[])["get", "list", "watch"])
        {
            yield return ("", "pods", verb, "");
        }
        if (discovery.Leases.Count > 0)
        {
            yield return ("coordination.k8s.io", "leases", "create", "");
        }
        foreach (var lease in discovery.Leases)
        {
            yield return ("coordination.k8s.io", "leases", "get", lease);
            yield return ("coordination.k8s.io", "leases", "update", lease);
        }
    }

    private static bool IsAllowed(
        ManifestSet manifests,
        Workload workload,
        EmbeddedDiscovery discovery,
        string account,
        string group,
        string resource,
        string verb,
        string name
    )
    {
        bool Binds(IList<Rbacv1Subject>? subjects) =>
            (subjects ?? []).Any(subject =>
                subject.Kind == "ServiceAccount" && subject.Name == account && subject.NamespaceProperty == workload.Namespace
            );

        var roles = manifests
            .Of<V1RoleBinding>()
            .Where(found => found.Document.Namespace == discovery.Namespace && Binds(found.Model.Subjects))
            .Select(static found => (found.Document.Namespace, found.Model.RoleRef))
            .Concat(
                manifests
                    .Of<V1ClusterRoleBinding>()
                    .Where(found => Binds(found.Model.Subjects))
                    .Select(static found => ("", found.Model.RoleRef))
            );
        return roles.Any(role =>
            // What a role made elsewhere allows, no manifest says.
            (manifests.IsExternal(role.RoleRef.Kind, role.RoleRef.Name))
            || RulesOf(manifests, role.RoleRef, role.Item1)
                .Any(rule =>
                    Has(rule.ApiGroups, group)
                    && Has(rule.Resources, resource)
                    && Has(rule.Verbs, verb)
                    && (rule.ResourceNames is not { Count: > 0 } names || (name.Length > 0 && names.Contains(name)))
                )
        );
    }

    private static IEnumerable<V1PolicyRule> RulesOf(ManifestSet manifests, V1RoleRef role, string space) =>
        manifests.Find(role.Kind, role.Kind == "ClusterRole" ? "" : space, role.Name)?.Model switch
        {
            V1Role found => found.Rules ?? [],
            V1ClusterRole found => found.Rules ?? [],
            _ => [],
        };

    private static bool Has(IList<string>? words, string word) => words is not null && (words.Contains(word) || words.Contains("*"));
}
