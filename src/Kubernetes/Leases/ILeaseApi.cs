using k8s.Models;
using TlsGateway.Kubernetes.Api;

namespace TlsGateway.Kubernetes.Leases;

/// <summary>The Lease objects of one namespace. Failures are <see cref="KubernetesApiException"/>s; what is an answer is none.</summary>
internal interface ILeaseApi
{
    /// <summary>Null: there is none of that name.</summary>
    public Task<V1Lease?> GetAsync(string name, CancellationToken cancellation);

    /// <summary>As it stands then; null: there is one by now.</summary>
    public Task<V1Lease?> CreateAsync(V1Lease lease, CancellationToken cancellation);

    /// <summary>As it stands then; null: another changed or removed it since the version that <paramref name="lease"/> carries.</summary>
    public Task<V1Lease?> ReplaceAsync(V1Lease lease, CancellationToken cancellation);
}
