using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>What is there twice: the later one would replace the earlier, or the API server refuses both.</summary>
internal sealed class NameRules : IManifestRule
{
    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        Dictionary<(string Group, string Kind, string Namespace, string Name), ManifestDocument> seen = [];
        foreach (var document in manifests.Documents.Where(static document => document.Name.Length > 0))
        {
            var group = document.ApiVersion.Contains('/', StringComparison.Ordinal) ? document.ApiVersion.Split('/')[0] : "";
            if (!seen.TryAdd((group, document.Kind, document.Namespace, document.Name), document))
            {
                var first = seen[(group, document.Kind, document.Namespace, document.Name)];
                problems.Add(
                    document.Problem(
                        "metadata.name",
                        FormattableString.Invariant(
                            $"occurs twice: first at {first.File}:{first.LineOf("metadata.name")}. The later one would replace it. Rename or remove one."
                        )
                    )
                );
            }
        }
        foreach (var workload in manifests.Workloads)
        {
            CheckPod(workload, problems);
        }
    }

    private static void CheckPod(Workload workload, List<ManifestProblem> problems)
    {
        var all = workload.AllContainers.ToList();
        Report(workload, problems, all.Select(static found => (found.Path + ".name", found.Container.Name)), "container");
        Report(
            workload,
            problems,
            (workload.Pod.Volumes ?? [])
                .Index()
                .Select(volume => (workload.PodPath(FormattableString.Invariant($"volumes[{volume.Index}].name")), volume.Item.Name)),
            "volume"
        );
        Report(
            workload,
            problems,
            workload.Containers.SelectMany(static found =>
                (found.Container.Ports ?? [])
                    .Index()
                    .Select(port => (FormattableString.Invariant($"{found.Path}.ports[{port.Index}].name"), port.Item.Name))
            ),
            "port"
        );
        foreach (var (path, container) in all)
        {
            Report(
                workload,
                problems,
                (container.Env ?? []).Index().Select(one => (FormattableString.Invariant($"{path}.env[{one.Index}].name"), one.Item.Name)),
                "variable"
            );
            Report(
                workload,
                problems,
                (container.VolumeMounts ?? [])
                    .Index()
                    .Select(one => (FormattableString.Invariant($"{path}.volumeMounts[{one.Index}].mountPath"), one.Item.MountPath)),
                "mount path"
            );
        }
    }

    private static void Report(
        Workload workload,
        List<ManifestProblem> problems,
        IEnumerable<(string Path, string Name)> names,
        string what
    )
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var (path, name) in names.Where(static one => !string.IsNullOrEmpty(one.Name)))
        {
            if (!seen.Add(name))
            {
                problems.Add(workload.Document.Problem(path, $"is the second {what} {name} of the pod. Rename or remove one."));
            }
        }
    }
}
