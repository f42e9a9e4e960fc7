using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>Mounts have volumes, and volumes are mounted.</summary>
internal sealed class VolumeRules : IManifestRule
{
    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        foreach (var workload in manifests.Workloads)
        {
            var volumes = (workload.Pod.Volumes ?? []).Select(static volume => volume.Name).ToList();
            HashSet<string> mounted = new(StringComparer.Ordinal);
            foreach (var (path, container) in workload.AllContainers)
            {
                foreach (var (index, mount) in (container.VolumeMounts ?? []).Index())
                {
                    mounted.Add(mount.Name);
                    if (!volumes.Contains(mount.Name) && !workload.ClaimTemplates.Contains(mount.Name))
                    {
                        problems.Add(
                            workload.Document.Problem(
                                FormattableString.Invariant($"{path}.volumeMounts[{index}].name"),
                                $"is {mount.Name}, and the pod has no such volume. Its volumes are: {string.Join(", ", volumes.Concat(workload.ClaimTemplates))}. Correct the name, or add the volume."
                            )
                        );
                    }
                }
                mounted.UnionWith((container.VolumeDevices ?? []).Select(static device => device.Name));
            }
            foreach (var (index, name) in volumes.Index().Where(volume => !mounted.Contains(volume.Item)))
            {
                problems.Add(
                    workload.Document.Problem(
                        workload.PodPath(FormattableString.Invariant($"volumes[{index}]")),
                        $"is volume {name}, which no container mounts. Mount it, or remove it."
                    )
                );
            }
        }
    }
}
