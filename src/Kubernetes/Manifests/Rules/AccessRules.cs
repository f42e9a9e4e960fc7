using k8s.Models;
using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>Bindings lead from a role that is there to somebody who is there.</summary>
internal sealed class AccessRules : IManifestRule
{
    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        foreach (var (document, binding) in manifests.Of<V1RoleBinding>())
        {
            CheckRole(manifests, document, binding.RoleRef, problems);
            CheckSubjects(manifests, document, binding.Subjects, problems);
        }
        foreach (var (document, binding) in manifests.Of<V1ClusterRoleBinding>())
        {
            CheckRole(manifests, document, binding.RoleRef, problems);
            CheckSubjects(manifests, document, binding.Subjects, problems);
        }
    }

    private static void CheckRole(ManifestSet manifests, ManifestDocument document, V1RoleRef? role, List<ManifestProblem> problems)
    {
        const string Path = "roleRef.name";
        if (role is null || string.IsNullOrEmpty(role.Kind) || string.IsNullOrEmpty(role.Name))
        {
            problems.Add(document.Problem("roleRef", "names nothing. Name a Role or a ClusterRole, with its kind."));
            return;
        }
        var space = role.Kind == "ClusterRole" ? "" : document.Namespace;
        // Every cluster has these.
        var isBuiltIn =
            role.Kind == "ClusterRole"
            && (role.Name is "view" or "edit" or "admin" or "cluster-admin" || role.Name.StartsWith("system:", StringComparison.Ordinal));
        if (!isBuiltIn && !manifests.Exists(role.Kind, space, role.Name))
        {
            problems.Add(document.Problem(Path, manifests.Missing(role.Kind, space, role.Name)));
        }
    }

    private static void CheckSubjects(
        ManifestSet manifests,
        ManifestDocument document,
        IList<Rbacv1Subject>? subjects,
        List<ManifestProblem> problems
    )
    {
        if (subjects is null || subjects.Count == 0)
        {
            problems.Add(document.Problem("subjects", "is empty: the binding gives its role to nobody. Name a ServiceAccount."));
            return;
        }
        foreach (var (index, subject) in subjects.Index().Where(static one => one.Item.Kind == "ServiceAccount"))
        {
            var path = FormattableString.Invariant($"subjects[{index}]");
            if (string.IsNullOrEmpty(subject.NamespaceProperty))
            {
                problems.Add(document.Problem(path, "has no namespace, and a ServiceAccount needs one. Set namespace."));
            }
            else if (!manifests.Exists("ServiceAccount", subject.NamespaceProperty, subject.Name))
            {
                problems.Add(
                    document.Problem(path + ".name", manifests.Missing("ServiceAccount", subject.NamespaceProperty, subject.Name))
                );
            }
        }
    }
}
