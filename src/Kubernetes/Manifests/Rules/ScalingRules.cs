using System.Globalization;
using k8s.Models;
using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>Autoscalers scale something that is there, by what can be measured; budgets let a node be emptied.</summary>
internal sealed class ScalingRules : IManifestRule
{
    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        foreach (var (document, scaler) in manifests.Of<V2HorizontalPodAutoscaler>())
        {
            if (scaler.Spec is { } spec)
            {
                CheckScaler(manifests, document, spec, problems);
            }
        }
        foreach (var (document, budget) in manifests.Of<V1PodDisruptionBudget>())
        {
            CheckBudget(manifests, document, budget.Spec, problems);
        }
    }

    private static void CheckScaler(
        ManifestSet manifests,
        ManifestDocument document,
        V2HorizontalPodAutoscalerSpec spec,
        List<ManifestProblem> problems
    )
    {
        var target = spec.ScaleTargetRef;
        if (spec.MinReplicas > spec.MaxReplicas)
        {
            problems.Add(
                document.Problem(
                    "spec.minReplicas",
                    FormattableString.Invariant($"is {spec.MinReplicas}, more than maxReplicas {spec.MaxReplicas}. Exchange them.")
                )
            );
        }
        var workload = manifests.Workloads.FirstOrDefault(workload =>
            workload.Namespace == document.Namespace && workload.Document.Kind == target?.Kind && workload.Document.Name == target.Name
        );
        if (workload is null)
        {
            if (target is null || !manifests.IsExternal(target.Kind, target.Name))
            {
                problems.Add(
                    document.Problem(
                        "spec.scaleTargetRef",
                        manifests.Missing(target?.Kind ?? "workload", document.Namespace, target?.Name ?? "")
                    )
                );
            }
            return;
        }
        if (target!.ApiVersion != workload.Document.ApiVersion)
        {
            problems.Add(
                document.Problem(
                    "spec.scaleTargetRef.apiVersion",
                    $"is '{target.ApiVersion}', and {workload.Document.Title} is of {workload.Document.ApiVersion}. Write that."
                )
            );
        }
        if (workload.Replicas is not null)
        {
            problems.Add(
                workload.Document.Problem(
                    "spec.replicas",
                    $"is set, and {document.Title} scales it too: each apply would undo what it did. Remove replicas (in an overlay: replicas: null)."
                )
            );
        }
        foreach (var (index, metric) in (spec.Metrics ?? []).Index())
        {
            var path = FormattableString.Invariant($"spec.metrics[{index}]");
            CheckMetric(document, workload, metric, path, problems);
        }
    }

    private static void CheckMetric(
        ManifestDocument document,
        Workload workload,
        V2MetricSpec metric,
        string path,
        List<ManifestProblem> problems
    )
    {
        object? source = metric.Type switch
        {
            "Resource" => metric.Resource,
            "Pods" => metric.Pods,
            "Object" => metric.ObjectProperty,
            "External" => metric.External,
            "ContainerResource" => metric.ContainerResource,
            _ => null,
        };
        if (source is null)
        {
            problems.Add(
                document.Problem(path + ".type", $"is '{metric.Type}', and the metric has no section of that name. Make them fit.")
            );
            return;
        }
        if (
            metric.Resource is { Target.Type: "Utilization" } resource
            && workload
                .Containers.Where(found => found.Container.Resources?.Requests?.ContainsKey(resource.Name) != true)
                .Select(static found => found.Container.Name)
                .ToList()
                is { Count: > 0 } without
        )
        {
            problems.Add(
                document.Problem(
                    path + ".resource",
                    $"is a share of what is requested, and {string.Join(", ", without)} of {workload.Document.Title} requests no {resource.Name}. Set resources.requests.{resource.Name} there."
                )
            );
        }
    }

    private static void CheckBudget(
        ManifestSet manifests,
        ManifestDocument document,
        V1PodDisruptionBudgetSpec? spec,
        List<ManifestProblem> problems
    )
    {
        if (spec is { MinAvailable: not null, MaxUnavailable: not null } or { MinAvailable: null, MaxUnavailable: null })
        {
            problems.Add(document.Problem("spec", "needs one of minAvailable and maxUnavailable, and not both."));
            return;
        }
        foreach (
            var workload in manifests.Workloads.Where(workload =>
                workload.Namespace == document.Namespace && Labels.Select(spec?.Selector, workload.Labels)
            )
        )
        {
            if (
                spec?.MaxUnavailable?.Value is "0" or "0%"
                || spec?.MinAvailable?.Value == "100%"
                || (
                    int.TryParse(spec?.MinAvailable?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var least)
                    && workload.Document.Kind is "Deployment" or "StatefulSet" or "ReplicaSet"
                    && least >= (Fewest(manifests, workload) ?? int.MaxValue)
                )
            )
            {
                problems.Add(
                    document.Problem(
                        "spec",
                        $"lets no pod of {workload.Document.Title} go, so no node can be emptied and updated. Set maxUnavailable: 1."
                    )
                );
            }
        }
    }

    /// <summary>Pods that there may be at least; null: not known.</summary>
    internal static int? Fewest(ManifestSet manifests, Workload workload)
    {
        var scaler = manifests
            .Of<V2HorizontalPodAutoscaler>()
            .FirstOrDefault(found =>
                found.Document.Namespace == workload.Namespace
                && found.Model.Spec?.ScaleTargetRef is { } target
                && target.Kind == workload.Document.Kind
                && target.Name == workload.Document.Name
            );
        return scaler.Model is not null ? scaler.Model.Spec.MinReplicas ?? 1 : workload.Replicas ?? 1;
    }
}
