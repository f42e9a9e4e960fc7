using k8s.Models;

namespace TlsGateway.Kubernetes.Manifests.Reading;

/// <summary>An object that makes pods, or a pod itself.</summary>
/// <param name="Document">The object.</param>
/// <param name="TemplatePath">Where the pod's metadata and spec are; empty for a pod.</param>
/// <param name="Labels">The pods'.</param>
/// <param name="Pod">The pods'.</param>
internal sealed record Workload(ManifestDocument Document, string TemplatePath, IReadOnlyDictionary<string, string> Labels, V1PodSpec Pod)
{
    public string Namespace => Document.Namespace;

    /// <summary>Null: left to somebody else, or to the default.</summary>
    public int? Replicas { get; init; }

    public V1LabelSelector? Selector { get; init; }

    /// <summary>Names of volumes that a StatefulSet makes itself.</summary>
    public IReadOnlyList<string> ClaimTemplates { get; init; } = [];

    public IReadOnlyList<(string Path, V1Container Container)> Containers { get; init; } = [];

    /// <summary>Those that end before the others begin, sidecars included.</summary>
    public IReadOnlyList<(string Path, V1Container Container)> InitContainers { get; init; } = [];

    public IEnumerable<(string Path, V1Container Container)> AllContainers => InitContainers.Concat(Containers);

    /// <summary>The path of a part of the pod's spec.</summary>
    public string PodPath(string inner) => $"{(TemplatePath.Length == 0 ? "" : TemplatePath + ".")}spec.{inner}";

    /// <summary>Null: the document makes no pods, or could not be loaded.</summary>
    public static Workload? Of(ManifestDocument document)
    {
        var found = document.Model switch
        {
            V1StatefulSet { Spec: { } spec } => From(document, "spec.template", spec.Template, spec.Selector, spec.Replicas),
            V1Deployment { Spec: { } spec } => From(document, "spec.template", spec.Template, spec.Selector, spec.Replicas),
            V1DaemonSet { Spec: { } spec } => From(document, "spec.template", spec.Template, spec.Selector, replicas: null),
            V1ReplicaSet { Spec: { } spec } => From(document, "spec.template", spec.Template, spec.Selector, spec.Replicas),
            V1Job { Spec: { } spec } => From(document, "spec.template", spec.Template, selector: null, replicas: null),
            V1CronJob { Spec.JobTemplate.Spec: { } spec } => From(
                document,
                "spec.jobTemplate.spec.template",
                spec.Template,
                selector: null,
                replicas: null
            ),
            V1Pod { Spec: { } spec } pod => From(
                document,
                "",
                new V1PodTemplateSpec { Metadata = pod.Metadata, Spec = spec },
                selector: null,
                replicas: 1
            ),
            _ => null,
        };
        return found is not null && document.Model is V1StatefulSet { Spec.VolumeClaimTemplates: { } claims }
            ? found with
            {
                ClaimTemplates = [.. claims.Select(static claim => claim.Metadata?.Name ?? "")],
            }
            : found;
    }

    private static Workload? From(
        ManifestDocument document,
        string path,
        V1PodTemplateSpec? template,
        V1LabelSelector? selector,
        int? replicas
    )
    {
        if (template?.Spec is not { } pod)
        {
            return null;
        }
        Workload workload = new(
            document,
            path,
            new Dictionary<string, string>(template.Metadata?.Labels ?? new Dictionary<string, string>()),
            pod
        )
        {
            Replicas = replicas,
            Selector = selector,
        };
        return workload with
        {
            Containers = Number(workload, "containers", pod.Containers),
            InitContainers = Number(workload, "initContainers", pod.InitContainers),
        };
    }

    private static List<(string Path, V1Container Container)> Number(Workload workload, string key, IList<V1Container>? containers) =>
        [
            .. (containers ?? [])
                .Index()
                .Select(found => (workload.PodPath(FormattableString.Invariant($"{key}[{found.Index}]")), found.Item)),
        ];
}
