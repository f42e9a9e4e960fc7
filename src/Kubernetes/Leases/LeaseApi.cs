using k8s;
using k8s.Models;
using TlsGateway.Kubernetes.Api;

namespace TlsGateway.Kubernetes.Leases;

/// <summary>By the API server.</summary>
internal sealed class LeaseApi(ApiServer server, string @namespace) : ILeaseApi
{
    public async Task<V1Lease?> GetAsync(string name, CancellationToken cancellation)
    {
        try
        {
            return await AskAsync(
                $"get lease '{name}'",
                () => server.Client.CoordinationV1.ReadNamespacedLeaseAsync(name, @namespace, cancellationToken: cancellation)
            );
        }
        catch (KubernetesApiException missing) when (missing.Fault == ApiFault.NotFound)
        {
            return null;
        }
    }

    public async Task<V1Lease?> CreateAsync(V1Lease lease, CancellationToken cancellation)
    {
        try
        {
            // 404 is a failure here: the namespace is missing.
            return await AskAsync(
                $"create lease '{lease.Metadata.Name}'",
                () => server.Client.CoordinationV1.CreateNamespacedLeaseAsync(lease, @namespace, cancellationToken: cancellation)
            );
        }
        catch (KubernetesApiException faster) when (faster.Fault == ApiFault.Conflict)
        {
            return null;
        }
    }

    public async Task<V1Lease?> ReplaceAsync(V1Lease lease, CancellationToken cancellation)
    {
        try
        {
            return await AskAsync(
                $"update lease '{lease.Metadata.Name}'",
                () =>
                    server.Client.CoordinationV1.ReplaceNamespacedLeaseAsync(
                        lease,
                        lease.Metadata.Name,
                        @namespace,
                        cancellationToken: cancellation
                    )
            );
        }
        catch (KubernetesApiException faster) when (faster.Fault is ApiFault.Conflict or ApiFault.NotFound)
        {
            return null;
        }
    }

    private static async Task<V1Lease?> AskAsync(string what, Func<Task<V1Lease>> ask)
    {
        var lease = await ApiServer.AskAsync(what, ask);
        // Without a version the next write would not be checked against what others did.
        return string.IsNullOrEmpty(lease.Metadata?.ResourceVersion)
            ? throw new KubernetesApiException(ApiFault.Malformed, $"{what}: the answer has no resourceVersion.")
            : lease;
    }
}
