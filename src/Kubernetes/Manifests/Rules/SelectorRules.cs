using k8s.Models;
using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>Workloads select their own pods; what speaks of pods by their labels finds some.</summary>
internal sealed class SelectorRules : IManifestRule
{
    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        foreach (var workload in manifests.Workloads)
        {
            if (workload.Selector is { } selector && !Labels.Select(selector, workload.Labels))
            {
                problems.Add(
                    workload.Document.Problem(
                        "spec.selector",
                        $"is {Labels.Describe(selector)}, and its own pods have {Labels.Describe(workload.Labels)}. Make both the same."
                    )
                );
            }
            CheckSpread(workload, problems);
        }
        CheckOverlaps(manifests, problems);
        foreach (var (document, service) in manifests.Of<V1Service>())
        {
            if (service.Spec?.Selector is { Count: > 0 } labels && !Any(manifests, document, pods => Labels.Select(labels, pods)))
            {
                problems.Add(SelectsNothing(manifests, document, "spec.selector", Labels.Describe(labels)));
            }
        }
        foreach (var (document, budget) in manifests.Of<V1PodDisruptionBudget>())
        {
            if (!Any(manifests, document, pods => Labels.Select(budget.Spec?.Selector, pods)))
            {
                problems.Add(SelectsNothing(manifests, document, "spec.selector", Labels.Describe(budget.Spec?.Selector)));
            }
        }
        foreach (var (document, policy) in manifests.Of<V1NetworkPolicy>())
        {
            if (!Any(manifests, document, pods => Labels.Select(policy.Spec?.PodSelector, pods)))
            {
                problems.Add(SelectsNothing(manifests, document, "spec.podSelector", Labels.Describe(policy.Spec?.PodSelector)));
            }
        }
    }

    private static bool Any(ManifestSet manifests, ManifestDocument document, Func<IReadOnlyDictionary<string, string>, bool> selects) =>
        manifests.Workloads.Any(workload => workload.Namespace == document.Namespace && selects(workload.Labels));

    private static ManifestProblem SelectsNothing(ManifestSet manifests, ManifestDocument document, string path, string selector)
    {
        var pods = string.Join(
            "; ",
            manifests
                .Workloads.Where(workload => workload.Namespace == document.Namespace)
                .Select(static workload => $"those of {workload.Document.Title} have {Labels.Describe(workload.Labels)}")
        );
        return document.Problem(
            path,
            $"selects no pod: it is {(selector.Length == 0 ? "empty" : selector)}. {(pods.Length == 0 ? "There are no pods in its namespace." : $"Of the pods, {pods}.")} Correct the labels."
        );
    }

    private static void CheckSpread(Workload workload, List<ManifestProblem> problems)
    {
        foreach (var (index, constraint) in (workload.Pod.TopologySpreadConstraints ?? []).Index())
        {
            if (!Labels.Select(constraint.LabelSelector, workload.Labels))
            {
                problems.Add(
                    workload.Document.Problem(
                        workload.PodPath(FormattableString.Invariant($"topologySpreadConstraints[{index}].labelSelector")),
                        $"is {Labels.Describe(constraint.LabelSelector)}, which does not select the pods themselves ({Labels.Describe(workload.Labels)}): they would not be spread. Make both the same."
                    )
                );
            }
        }
    }

    /// <summary>Two controllers that select the same pods take them from each other.</summary>
    private static void CheckOverlaps(ManifestSet manifests, List<ManifestProblem> problems)
    {
        foreach (var (index, workload) in manifests.Workloads.Index())
        {
            var other = manifests
                .Workloads.Take(index)
                .FirstOrDefault(other =>
                    other.Namespace == workload.Namespace
                    && other.Selector is not null
                    && workload.Selector is not null
                    && Labels.Select(workload.Selector, other.Labels)
                );
            if (other is not null)
            {
                problems.Add(
                    workload.Document.Problem(
                        "spec.selector",
                        $"is {Labels.Describe(workload.Selector)}, which selects the pods of {other.Document.Title} too. Give each a label of its own."
                    )
                );
            }
        }
    }
}
