using k8s.Models;

namespace TlsGateway.Kubernetes.Manifests.Reading;

/// <summary>Finds which volume a file in a container comes from.</summary>
internal sealed class PodFiles(ManifestSet manifests, Workload workload, V1Container container)
{
    /// <summary>The deepest mount that the file or folder is in, and the rest of its path; null: it is in none, so it is the image's.</summary>
    public (V1VolumeMount Mount, string Inner)? MountOf(string path)
    {
        var mount = (container.VolumeMounts ?? [])
            .Where(mount =>
                mount.MountPath is not null && (path == Trim(mount) || path.StartsWith(Trim(mount) + "/", StringComparison.Ordinal))
            )
            .MaxBy(mount => Trim(mount).Length);
        if (mount is null)
        {
            return null;
        }
        var rest = path[Trim(mount).Length..].TrimStart('/');
        return (
            mount,
            string.IsNullOrEmpty(mount.SubPath) ? rest
            : rest.Length == 0 ? mount.SubPath
            : $"{mount.SubPath}/{rest}"
        );
    }

    public V1Volume? VolumeOf(V1VolumeMount mount) => (workload.Pod.Volumes ?? []).FirstOrDefault(volume => volume.Name == mount.Name);

    /// <summary>The ConfigMaps and Secrets of a volume with the key that a file of it comes from; key null: no item of that source has this path.</summary>
    public static IEnumerable<(string Kind, string Name, string? Key)> SourcesOf(V1Volume volume, string file)
    {
        if (volume.ConfigMap is { } map)
        {
            yield return ("ConfigMap", map.Name ?? "", KeyOf(map.Items, file));
        }
        if (volume.Secret is { } secret)
        {
            yield return ("Secret", secret.SecretName ?? "", KeyOf(secret.Items, file));
        }
        foreach (var source in volume.Projected?.Sources ?? [])
        {
            if (source.ConfigMap is { } one)
            {
                yield return ("ConfigMap", one.Name ?? "", KeyOf(one.Items, file));
            }
            if (source.Secret is { } other)
            {
                yield return ("Secret", other.Name ?? "", KeyOf(other.Items, file));
            }
        }
    }

    /// <summary>False when it is known that a volume of ConfigMaps and Secrets has no such file.</summary>
    public bool MayHave(V1Volume volume, string file)
    {
        if (volume.ConfigMap is null && volume.Secret is null && volume.Projected is null)
        {
            // Somebody else's content.
            return true;
        }
        return SourcesOf(volume, file)
                .Any(source =>
                    source.Key is not null
                    && manifests.KeysOf(source.Kind, workload.Namespace, source.Name) is var keys
                    && (keys is null || keys.Contains(source.Key))
                ) || (volume.Projected?.Sources ?? []).Any(static source => source.ConfigMap is null && source.Secret is null);
    }

    private static string Trim(V1VolumeMount mount) => mount.MountPath.TrimEnd('/');

    private static string? KeyOf(IList<V1KeyToPath>? items, string file) =>
        items is null || items.Count == 0 ? file : items.FirstOrDefault(item => item.Path == file)?.Key;
}
