using k8s.Models;
using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>Probes ask for what is served, where it is served, and mean what they ask.</summary>
internal sealed class ProbeRules : IManifestRule
{
    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        foreach (var workload in manifests.Workloads)
        {
            foreach (var (path, container) in workload.Containers)
            {
                foreach (var (key, probe) in ProbesOf(container))
                {
                    CheckPort(workload, container, probe, $"{path}.{key}", problems);
                }
            }
        }
        foreach (var gateway in gateways)
        {
            foreach (var (key, probe) in ProbesOf(gateway.Container))
            {
                if (probe.HttpGet is { } get)
                {
                    CheckGet(gateway, key, get, problems);
                }
            }
            if (gateway.Container.ReadinessProbe is null)
            {
                problems.Add(
                    gateway.Problem(
                        "readinessProbe",
                        $"is missing: the pod would get connections before it listens and while it drains. Ask for {string.Join(" or ", gateway.Gateway.ReadyPaths)}."
                    )
                );
            }
        }
    }

    private static IEnumerable<(string Key, V1Probe Probe)> ProbesOf(V1Container container)
    {
        (string, V1Probe?)[] all =
        [
            ("startupProbe", container.StartupProbe),
            ("livenessProbe", container.LivenessProbe),
            ("readinessProbe", container.ReadinessProbe),
        ];
        return all.Where(static one => one.Item2 is not null).Select(static one => (one.Item1, one.Item2!));
    }

    private static void CheckPort(Workload workload, V1Container container, V1Probe probe, string path, List<ManifestProblem> problems)
    {
        var (key, port) = probe switch
        {
            { HttpGet: { } get } => ("httpGet.port", get.Port?.Value),
            { TcpSocket: { } socket } => ("tcpSocket.port", socket.Port?.Value),
            _ => ("", null),
        };
        if (key.Length == 0)
        {
            if (probe.Exec is null && probe.Grpc is null)
            {
                problems.Add(workload.Document.Problem(path, "asks nothing. Give it httpGet, tcpSocket, grpc or exec."));
            }
        }
        else if (!PodPorts.IsDeclared(container.Ports ?? [], port))
        {
            problems.Add(
                workload.Document.Problem(
                    $"{path}.{key}",
                    $"is {port}, which the container does not have. Its ports are: {PodPorts.Describe(container.Ports ?? [])}. Correct it, or add the port."
                )
            );
        }
    }

    private static void CheckGet(GatewayContainer gateway, string key, V1HTTPGetAction get, List<ManifestProblem> problems)
    {
        var admin = gateway.Gateway.Ports.FirstOrDefault(static port => port.Use == EmbeddedPortUse.Admin);
        var number = PodPorts.Resolve(gateway.Ports, get.Port?.Value);
        var inner = key + ".httpGet";
        if (admin is null || number is null)
        {
            return;
        }
        if (number != admin.Port)
        {
            problems.Add(
                gateway.Problem(
                    inner + ".port",
                    FormattableString.Invariant(
                        $"leads to port {number}, and health is answered at {admin.Port} ({admin.Key} of {gateway.ConfigurationTitle}). Name that port."
                    )
                )
            );
            return;
        }
        if (admin.IsLoopback)
        {
            problems.Add(
                gateway.Problem(
                    inner + ".port",
                    $"cannot be reached: {admin.Key} of {gateway.ConfigurationTitle} is loopback, and the kubelet comes from outside the pod. Bind to every address, with tokens."
                )
            );
        }
        CheckPath(gateway, key, inner + ".path", get.Path ?? "/", problems);
        if (!(get.Scheme ?? "HTTP").Equals(gateway.Gateway.IsAdminTls ? "HTTPS" : "HTTP", StringComparison.Ordinal))
        {
            problems.Add(
                gateway.Problem(
                    inner + ".scheme",
                    $"is {get.Scheme ?? "HTTP"}, and the admin endpoint speaks {(gateway.Gateway.IsAdminTls ? "HTTPS" : "HTTP")}. Write that."
                )
            );
        }
    }

    private static void CheckPath(GatewayContainer gateway, string key, string inner, string asked, List<ManifestProblem> problems)
    {
        var (live, ready) = (gateway.Gateway.LivePaths, gateway.Gateway.ReadyPaths);
        if (!live.Contains(asked) && !ready.Contains(asked))
        {
            problems.Add(
                gateway.Problem(
                    inner,
                    $"is {asked}, which the gateway does not answer a probe at. Ask for {string.Join(", ", key == "readinessProbe" ? ready : live)}."
                )
            );
        }
        else if (key == "readinessProbe" && !ready.Contains(asked))
        {
            problems.Add(
                gateway.Problem(
                    inner,
                    $"is {asked}, which is true also while the gateway drains: it would go on getting connections. Ask for {string.Join(" or ", ready)}."
                )
            );
        }
        else if (key == "livenessProbe" && !live.Contains(asked))
        {
            problems.Add(
                gateway.Problem(
                    inner,
                    $"is {asked}, which is false while the gateway drains: it would be killed then. Ask for {string.Join(" or ", live)}."
                )
            );
        }
    }
}
