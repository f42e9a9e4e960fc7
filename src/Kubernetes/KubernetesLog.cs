using Microsoft.Extensions.Logging;

namespace TlsGateway.Kubernetes;

/// <summary>What discovery and leases log. Event ids 600 to 649.</summary>
internal static partial class KubernetesLog
{
    [LoggerMessage(600, LogLevel.Information, "Pods of namespace {Namespace} with labels {Labels}: {Pods} listed")]
    public static partial void PodsListed(this ILogger log, string @namespace, string labels, int pods);

    [LoggerMessage(601, LogLevel.Information, "Pods are listed anew: {Why}")]
    public static partial void PodsListedAnew(this ILogger log, string why);

    [LoggerMessage(602, LogLevel.Warning, "{Problem} Meanwhile {Known}; asked again in {Seconds:F1} s")]
    public static partial void PodsFailed(this ILogger log, string problem, string known, double seconds);

    [LoggerMessage(
        603,
        LogLevel.Warning,
        "Pods of namespace {Namespace} with labels {Labels}: more than {Most}, the others are left out. Look whether the labels fit only members, or raise max-pods"
    )]
    public static partial void PodsCut(this ILogger log, string @namespace, string labels, int most);

    [LoggerMessage(
        604,
        LogLevel.Warning,
        "Pods left out, since they have no name in DNS: {Pods} in namespace {Namespace}. They need hostname and subdomain, as a StatefulSet's have; or set host = ip"
    )]
    public static partial void PodsWithoutName(this ILogger log, int pods, string @namespace);

    [LoggerMessage(620, LogLevel.Information, "Lease {Lease} is held by us, {Owner}{How}")]
    public static partial void LeaseAcquired(this ILogger log, string lease, string owner, string how);

    [LoggerMessage(621, LogLevel.Information, "Lease {Lease} is released")]
    public static partial void LeaseReleased(this ILogger log, string lease);

    [LoggerMessage(622, LogLevel.Error, "{Problem}")]
    public static partial void LeaseLost(this ILogger log, string problem);

    [LoggerMessage(
        623,
        LogLevel.Warning,
        "Lease {Lease} could not be renewed and is lost in {Left:F1} s unless that changes, tried again in {Seconds:F1} s: {Problem}"
    )]
    public static partial void LeaseNotRenewed(this ILogger log, string lease, double left, double seconds, string problem);

    [LoggerMessage(624, LogLevel.Error, "Lease {Lease}: whoever was told that it is lost failed at that")]
    public static partial void LeaseLostCallbackFailed(this ILogger log, Exception failure, string lease);

    [LoggerMessage(625, LogLevel.Warning, "Lease {Lease} cannot be looked at: {Problem}")]
    public static partial void LeaseNotObserved(this ILogger log, string lease, string problem);
}
