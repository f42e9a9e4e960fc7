using System.Globalization;
using k8s.Models;
using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>The kubelet waits as long as the gateway drains: what it kills had connections that were promised their time.</summary>
internal sealed class GracePeriodRules : IManifestRule
{
    /// <summary>Kubernetes' own.</summary>
    private const long DefaultSeconds = 30;

    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        foreach (var gateway in gateways)
        {
            var handler = gateway.Container.Lifecycle?.PreStop;
            if (PreStopOf(handler) is not { } preStop)
            {
                problems.Add(
                    gateway.Problem(
                        "lifecycle.preStop",
                        "is no sleep, so how long it takes cannot be known. Use sleep: { seconds: 5 }, or leave it out."
                    )
                );
                continue;
            }
            var configuration = gateway.Gateway;
            var needed = preStop + configuration.DrainGrace + configuration.DrainTimeout + configuration.Shutdown + ManifestChecker.Reserve;
            var given = gateway.Workload.Pod.TerminationGracePeriodSeconds ?? DefaultSeconds;
            if (given < needed.TotalSeconds)
            {
                problems.Add(
                    gateway.Workload.Document.Problem(
                        gateway.Workload.PodPath("terminationGracePeriodSeconds"),
                        FormattableString.Invariant(
                            $"is {given}, and {gateway.ConfigurationTitle} needs {Math.Ceiling(needed.TotalSeconds)}: preStop {Seconds(preStop)}, drain.grace {Seconds(configuration.DrainGrace)}, drain.timeout {Seconds(configuration.DrainTimeout)}, timeouts.shutdown {Seconds(configuration.Shutdown)}, and {Seconds(ManifestChecker.Reserve)} to leave the cluster and to end. Set it to that at least, or drain for less."
                        )
                    )
                );
            }
        }
    }

    /// <summary>Null: something else than a sleep.</summary>
    private static TimeSpan? PreStopOf(V1LifecycleHandler? handler)
    {
        if (handler is null)
        {
            return TimeSpan.Zero;
        }
        if (handler.Sleep is { } sleep)
        {
            return TimeSpan.FromSeconds(sleep.Seconds);
        }
        return
            handler.Exec?.Command is ["sleep" or "/bin/sleep", var text]
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
}
