using k8s.Models;
using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>ConfigMaps, Secrets, their keys and ServiceAccounts that pods name are there.</summary>
internal sealed class ReferenceRules : IManifestRule
{
    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        foreach (var workload in manifests.Workloads)
        {
            Pod pod = new(manifests, workload, problems);
            pod.CheckVolumes();
            pod.CheckEnvironment();
            foreach (var (index, secret) in (workload.Pod.ImagePullSecrets ?? []).Index())
            {
                pod.Require(
                    "Secret",
                    secret.Name,
                    workload.PodPath(FormattableString.Invariant($"imagePullSecrets[{index}].name")),
                    isOptional: false
                );
            }
            if (workload.Pod.ServiceAccountName is { Length: > 0 } account && account != "default")
            {
                pod.Require("ServiceAccount", account, workload.PodPath("serviceAccountName"), isOptional: false);
            }
        }
    }

    private sealed class Pod(ManifestSet manifests, Workload workload, List<ManifestProblem> problems)
    {
        public void CheckVolumes()
        {
            foreach (var (index, volume) in (workload.Pod.Volumes ?? []).Index())
            {
                var path = workload.PodPath(FormattableString.Invariant($"volumes[{index}]"));
                if (volume.ConfigMap is { } map)
                {
                    CheckSource("ConfigMap", map.Name, map.Items, path + ".configMap", "name", map.Optional);
                }
                if (volume.Secret is { } secret)
                {
                    CheckSource("Secret", secret.SecretName, secret.Items, path + ".secret", "secretName", secret.Optional);
                }
                foreach (var (number, source) in (volume.Projected?.Sources ?? []).Index())
                {
                    var inner = FormattableString.Invariant($"{path}.projected.sources[{number}]");
                    if (source.ConfigMap is { } one)
                    {
                        CheckSource("ConfigMap", one.Name, one.Items, inner + ".configMap", "name", one.Optional);
                    }
                    if (source.Secret is { } other)
                    {
                        CheckSource("Secret", other.Name, other.Items, inner + ".secret", "name", other.Optional);
                    }
                }
            }
        }

        public void CheckEnvironment()
        {
            foreach (var (path, container) in workload.AllContainers)
            {
                foreach (var (index, variable) in (container.Env ?? []).Index())
                {
                    var at = FormattableString.Invariant($"{path}.env[{index}].valueFrom");
                    if (variable.ValueFrom?.ConfigMapKeyRef is { } map)
                    {
                        CheckKey("ConfigMap", map.Name, map.Key, at + ".configMapKeyRef", "name", "key", map.Optional);
                    }
                    if (variable.ValueFrom?.SecretKeyRef is { } secret)
                    {
                        CheckKey("Secret", secret.Name, secret.Key, at + ".secretKeyRef", "name", "key", secret.Optional);
                    }
                }
                foreach (var (index, source) in (container.EnvFrom ?? []).Index())
                {
                    var at = FormattableString.Invariant($"{path}.envFrom[{index}]");
                    if (source.ConfigMapRef is { } map)
                    {
                        Require("ConfigMap", map.Name, at + ".configMapRef.name", map.Optional == true);
                    }
                    if (source.SecretRef is { } secret)
                    {
                        Require("Secret", secret.Name, at + ".secretRef.name", secret.Optional == true);
                    }
                }
            }
        }

        /// <summary>False: it is not there, which is among the problems, or may be missing.</summary>
        public bool Require(string kind, string? name, string path, bool isOptional)
        {
            if (string.IsNullOrEmpty(name))
            {
                problems.Add(workload.Document.Problem(path, $"names no {kind}. Name one."));
                return false;
            }
            if (manifests.Exists(kind, workload.Namespace, name))
            {
                return true;
            }
            if (!isOptional)
            {
                problems.Add(workload.Document.Problem(path, manifests.Missing(kind, workload.Namespace, name)));
            }
            return false;
        }

        private void CheckSource(string kind, string? name, IList<V1KeyToPath>? items, string path, string nameKey, bool? isOptional)
        {
            if (items is null || items.Count == 0)
            {
                Require(kind, name, $"{path}.{nameKey}", isOptional == true);
                return;
            }
            foreach (var (index, item) in items.Index())
            {
                if (!CheckKey(kind, name, item.Key, path, nameKey, FormattableString.Invariant($"items[{index}].key"), isOptional))
                {
                    return;
                }
            }
        }

        /// <summary>False: the object is not there.</summary>
        private bool CheckKey(string kind, string? name, string key, string path, string nameKey, string keyKey, bool? isOptional)
        {
            if (!Require(kind, name, $"{path}.{nameKey}", isOptional == true))
            {
                return false;
            }
            if (isOptional != true && manifests.KeysOf(kind, workload.Namespace, name!) is { } keys && !keys.Contains(key))
            {
                problems.Add(
                    workload.Document.Problem(
                        $"{path}.{keyKey}",
                        $"is {key}, which {kind} {name} does not have. Its keys are: {string.Join(", ", keys.Order(StringComparer.Ordinal))}."
                    )
                );
            }
            return true;
        }
    }
}
