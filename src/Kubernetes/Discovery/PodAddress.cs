using System.Net;
using k8s.Models;

namespace TlsGateway.Kubernetes.Discovery;

/// <summary>A pod that can be a member: it has an address, it has not ended and is not about to. Whether it is ready does not count, since readiness waits for the cluster.</summary>
/// <param name="Name">Unique in its namespace.</param>
/// <param name="Ip">Of the pod; the first where it has several.</param>
/// <param name="DnsLabels">Its host name and subdomain, <c>gw-0.gw-headless</c>; null where it has none.</param>
public sealed record PodAddress(string Name, IPAddress Ip, string? DnsLabels)
{
    /// <summary>Kubernetes' own bound is 253 for a name and 63 for a label.</summary>
    private const int MaxNameLength = 253;

    /// <summary>Null where the pod cannot be a member now.</summary>
    internal static PodAddress? Of(V1Pod pod)
    {
        if (
            NameOf(pod) is not { } name
            || pod.Metadata.DeletionTimestamp is not null
            || pod.Status?.Phase is "Failed" or "Succeeded"
            || !IPAddress.TryParse(pod.Status?.PodIP, out var ip)
        )
        {
            return null;
        }
        var host = pod.Spec?.Hostname;
        var subdomain = pod.Spec?.Subdomain;
        var labels = string.IsNullOrEmpty(host) || string.IsNullOrEmpty(subdomain) ? null : $"{host}.{subdomain}";
        return new(name, ip, labels?.Length > MaxNameLength ? null : labels);
    }

    /// <summary>Null where it has none, or one that Kubernetes would not have given it.</summary>
    internal static string? NameOf(V1Pod pod) => pod.Metadata?.Name is { Length: > 0 and <= MaxNameLength } name ? name : null;
}
