using System.Globalization;
using k8s.Models;
using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>Services lead to ports that are there; a StatefulSet's names come from one that is headless.</summary>
internal sealed class ServiceRules : IManifestRule
{
    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        foreach (var (document, service) in manifests.Of<V1Service>())
        {
            CheckPorts(manifests, document, service.Spec, problems);
            if (service.Spec?.ExternalTrafficPolicy is not null && service.Spec.Type is not ("LoadBalancer" or "NodePort"))
            {
                problems.Add(
                    document.Problem(
                        "spec.externalTrafficPolicy",
                        $"has no meaning for a Service of type {service.Spec.Type ?? "ClusterIP"}, and is refused. Remove it, or set type: LoadBalancer."
                    )
                );
            }
        }
        foreach (var (document, set) in manifests.Of<V1StatefulSet>())
        {
            CheckGoverning(manifests, document, set, problems);
        }
    }

    private static void CheckPorts(ManifestSet manifests, ManifestDocument document, V1ServiceSpec? spec, List<ManifestProblem> problems)
    {
        var ports = spec?.Ports ?? [];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (var (index, port) in ports.Index())
        {
            var path = FormattableString.Invariant($"spec.ports[{index}]");
            if (ports.Count > 1 && string.IsNullOrEmpty(port.Name))
            {
                problems.Add(document.Problem(path, "has no name. With several ports each needs one."));
            }
            else if (!string.IsNullOrEmpty(port.Name) && !names.Add(port.Name))
            {
                problems.Add(document.Problem(path + ".name", $"is the second port {port.Name}. Rename or remove one."));
            }
            var target = port.TargetPort?.Value ?? port.Port.ToString(CultureInfo.InvariantCulture);
            foreach (var workload in manifests.Workloads.Where(workload => Selects(document, spec, workload)))
            {
                if (!PodPorts.IsDeclared(PodPorts.Of(workload), target))
                {
                    problems.Add(
                        document.Problem(
                            port.TargetPort is null ? path + ".port" : path + ".targetPort",
                            $"is {target}, which no container of {workload.Document.Title} has. Its ports are: {PodPorts.Describe(PodPorts.Of(workload))}. Correct it, or add the port to the container."
                        )
                    );
                }
            }
        }
    }

    private static bool Selects(ManifestDocument document, V1ServiceSpec? spec, Workload workload) =>
        workload.Namespace == document.Namespace && spec?.Selector is { Count: > 0 } labels && Labels.Select(labels, workload.Labels);

    private static void CheckGoverning(ManifestSet manifests, ManifestDocument document, V1StatefulSet set, List<ManifestProblem> problems)
    {
        const string Path = "spec.serviceName";
        var name = set.Spec?.ServiceName ?? "";
        if (name.Length == 0)
        {
            problems.Add(document.Problem(Path, "is missing, and with it the names of the pods. Name a headless Service."));
            return;
        }
        if (manifests.Find("Service", document.Namespace, name) is not { } found)
        {
            if (!manifests.IsExternal("Service", name))
            {
                problems.Add(document.Problem(Path, manifests.Missing("Service", document.Namespace, name)));
            }
            return;
        }
        if (found.Model is not V1Service { Spec: { } spec })
        {
            return;
        }
        if (spec.ClusterIP != "None")
        {
            problems.Add(
                document.Problem(Path, $"names Service {name}, which is not headless, so the pods get no names. Set clusterIP: None there.")
            );
        }
        if (
            !Labels.Select(
                spec.Selector,
                new Dictionary<string, string>(set.Spec!.Template?.Metadata?.Labels ?? new Dictionary<string, string>())
            )
        )
        {
            problems.Add(
                document.Problem(
                    Path,
                    $"names Service {name}, which does not select these pods: {Labels.Describe(spec.Selector)}. Correct its selector."
                )
            );
        }
    }
}
