using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>The files that a gateway reads are mounted, and it may write where it has to.</summary>
internal sealed class GatewayFileRules : IManifestRule
{
    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        foreach (var gateway in gateways)
        {
            PodFiles files = new(manifests, gateway.Workload, gateway.Container);
            foreach (var (key, path) in gateway.Gateway.ReadFiles)
            {
                if (files.MountOf(path) is not { } mounted)
                {
                    problems.Add(
                        gateway.Problem(
                            "volumeMounts",
                            $"has nothing at {path}, which {key} of {gateway.ConfigurationTitle} names. Mount the volume that has it."
                        )
                    );
                }
                else if (files.VolumeOf(mounted.Mount) is { } volume && !files.MayHave(volume, mounted.Inner))
                {
                    problems.Add(
                        gateway.Problem(
                            "volumeMounts",
                            $"has volume {volume.Name} at {mounted.Mount.MountPath}, in which there is no {mounted.Inner}: {key} of {gateway.ConfigurationTitle} names {path}. Correct the name, or add the key to what the volume is made of."
                        )
                    );
                }
            }
            foreach (var (key, path) in gateway.Gateway.WrittenFolders)
            {
                CheckWritable(gateway, files, key, path, problems);
            }
        }
    }

    private static void CheckWritable(GatewayContainer gateway, PodFiles files, string key, string path, List<ManifestProblem> problems)
    {
        var mounted = files.MountOf(path);
        if (mounted is null && gateway.Container.SecurityContext?.ReadOnlyRootFilesystem == true)
        {
            problems.Add(
                gateway.Problem(
                    "volumeMounts",
                    $"has nothing at {path}, and the root file system is read-only: {key} of {gateway.ConfigurationTitle} could not be written. Mount an emptyDir there."
                )
            );
        }
        else if (
            mounted is { } found
            && (
                found.Mount.ReadOnlyProperty == true
                || files.VolumeOf(found.Mount) is { ConfigMap: not null } or { Secret: not null } or { Projected: not null }
            )
        )
        {
            problems.Add(
                gateway.Problem(
                    "volumeMounts",
                    $"has a volume at {found.Mount.MountPath} that cannot be written, and {key} of {gateway.ConfigurationTitle} is {path}. Use an emptyDir."
                )
            );
        }
    }
}
