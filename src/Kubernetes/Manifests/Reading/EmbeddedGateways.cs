using System.Globalization;
using k8s.Models;

namespace TlsGateway.Kubernetes.Manifests.Reading;

/// <summary>Finds the containers that run a gateway with a configuration from a ConfigMap, and reads it.</summary>
internal static class EmbeddedGateways
{
    private const string Variable = "GATEWAY_CONFIG";

    /// <summary>What a pod learns about itself only when it runs, as it may look then.</summary>
    private static readonly Dictionary<string, string> PodFields = new(StringComparer.Ordinal)
    {
        ["metadata.uid"] = "00000000-0000-0000-0000-000000000000",
        ["spec.nodeName"] = "node",
        ["status.hostIP"] = "192.0.2.1",
        ["status.hostIPs"] = "192.0.2.1",
        ["status.podIP"] = "192.0.2.2",
        ["status.podIPs"] = "192.0.2.2",
    };

    public static IReadOnlyList<GatewayContainer> Find(
        ManifestSet manifests,
        Func<string, IReadOnlyDictionary<string, string>, EmbeddedGateway>? read,
        List<ManifestProblem> problems
    )
    {
        List<GatewayContainer> found = [];
        if (read is null)
        {
            return found;
        }
        foreach (var workload in manifests.Workloads)
        {
            foreach (var (path, container) in workload.Containers)
            {
                if (FileOf(container) is { } named && Read(manifests, workload, path, container, named, read, problems) is { } gateway)
                {
                    found.Add(gateway);
                }
            }
        }
        return found;
    }

    /// <summary>The configuration file, as the command line or the environment names it, with the path of who does; null: the container is no gateway.</summary>
    private static (string File, string Path)? FileOf(V1Container container)
    {
        var words = (container.Command ?? []).Concat(container.Args ?? []).ToList();
        var option = words.FindIndex(static word => word is "--config" or "-c");
        if (option >= 0 && option + 1 < words.Count)
        {
            return (words[option + 1], container.Args is null ? "command" : "args");
        }
        foreach (var (index, variable) in (container.Env ?? []).Index())
        {
            if (variable is { Name: Variable, Value: { Length: > 0 } file })
            {
                return (file, FormattableString.Invariant($"env[{index}].value"));
            }
        }
        return null;
    }

    private static GatewayContainer? Read(
        ManifestSet manifests,
        Workload workload,
        string path,
        V1Container container,
        (string File, string Path) named,
        Func<string, IReadOnlyDictionary<string, string>, EmbeddedGateway> read,
        List<ManifestProblem> problems
    )
    {
        var place = $"{path}.{named.Path}";
        PodFiles files = new(manifests, workload, container);
        if (files.MountOf(named.File) is not { } mounted || files.VolumeOf(mounted.Mount) is not { } volume)
        {
            problems.Add(
                workload.Document.Problem(place, $"names {named.File}, which is in no volume of the container. Mount the ConfigMap there.")
            );
            return null;
        }
        var sources = PodFiles
            .SourcesOf(volume, mounted.Inner)
            .Where(static source => source.Kind == "ConfigMap" && source.Key is not null);
        var documents = sources
            .Select(source => (Document: manifests.Find("ConfigMap", workload.Namespace, source.Name), Key: source.Key!))
            .Where(static source => source.Document is not null)
            .ToList();
        if (documents.Count == 0)
        {
            // A ConfigMap that is not there is said by others; one that is made elsewhere cannot be read.
            return null;
        }
        var (document, key) = documents.Find(source => source.Document!.Has($"data[{source.Key}]"));
        if (document is null)
        {
            problems.Add(
                workload.Document.Problem(
                    place,
                    $"names {named.File}, and ConfigMap {documents[0].Document!.Name} has no key {documents[0].Key}. Its keys are: {string.Join(", ", documents[0].Document!.Texts("data").Keys)}."
                )
            );
            return null;
        }
        var at = $"data[{key}]";
        var gateway = read(document.Text(at) ?? "", Environment(manifests, workload, container));
        foreach (var problem in gateway.Problems)
        {
            // A block begins a line below its key.
            problems.Add(
                new ManifestProblem(
                    document.File,
                    document.LineOf(at) + problem.Line,
                    document.Title,
                    at,
                    FormattableString.Invariant($"line {problem.Line}: {problem.Message}")
                )
            );
        }
        return new GatewayContainer(workload, path, container, gateway, $"{key} of ConfigMap {document.Name}");
    }

    private static Dictionary<string, string> Environment(ManifestSet manifests, Workload workload, V1Container container)
    {
        Dictionary<string, string> variables = new(StringComparer.Ordinal);
        foreach (var source in container.EnvFrom ?? [])
        {
            var (kind, name) = source.ConfigMapRef is { } map ? ("ConfigMap", map.Name) : ("Secret", source.SecretRef?.Name);
            foreach (var key in manifests.KeysOf(kind, workload.Namespace, name ?? "") ?? new HashSet<string>())
            {
                // Of a Secret the name is enough.
                var value = kind == "ConfigMap" ? manifests.Find(kind, workload.Namespace, name!)?.Text($"data[{key}]") : null;
                variables[source.Prefix + key] = value ?? key;
            }
        }
        foreach (var variable in container.Env ?? [])
        {
            variables[variable.Name] = variable.Value ?? Resolve(manifests, workload, variable);
        }
        return variables;
    }

    private static string Resolve(ManifestSet manifests, Workload workload, V1EnvVar variable)
    {
        if (variable.ValueFrom?.ConfigMapKeyRef is { } map)
        {
            return manifests.Find("ConfigMap", workload.Namespace, map.Name ?? "")?.Text($"data[{map.Key}]") ?? variable.Name;
        }
        if (variable.ValueFrom?.ResourceFieldRef is not null)
        {
            return "1";
        }
        return variable.ValueFrom?.FieldRef?.FieldPath switch
        {
            "metadata.name" => workload.Document.Kind == "StatefulSet" ? $"{workload.Document.Name}-0" : workload.Document.Name,
            "metadata.namespace" => workload.Namespace,
            "spec.serviceAccountName" => workload.Pod.ServiceAccountName ?? "default",
            { } field => PodFields.GetValueOrDefault(field) ?? string.Create(CultureInfo.InvariantCulture, $"{variable.Name}"),
            // Of a Secret the name is enough; an empty value is one.
            null => variable.ValueFrom is null ? "" : variable.Name,
        };
    }
}
