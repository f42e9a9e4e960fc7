using System.Text.RegularExpressions;
using k8s.Models;
using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>What the Prometheus operator is told to scrape is there, with the right path and a token; rules are whole.</summary>
internal sealed partial class MonitoringRules : IManifestRule
{
    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        foreach (var document in manifests.OfKind("ServiceMonitor"))
        {
            CheckServiceMonitor(manifests, gateways, document, problems);
        }
        foreach (var document in manifests.OfKind("PodMonitor"))
        {
            CheckPodMonitor(manifests, gateways, document, problems);
        }
        foreach (var document in manifests.OfKind("PrometheusRule"))
        {
            CheckRules(document, problems);
        }
    }

    private static void CheckServiceMonitor(
        ManifestSet manifests,
        IReadOnlyList<GatewayContainer> gateways,
        ManifestDocument document,
        List<ManifestProblem> problems
    )
    {
        if (IsElsewhere(document))
        {
            return;
        }
        var services = manifests
            .Of<V1Service>()
            .Where(found => found.Document.Namespace == document.Namespace && Selects(document, found.Document.Texts("metadata.labels")))
            .ToList();
        if (services.Count == 0)
        {
            problems.Add(
                document.Problem(
                    "spec.selector",
                    $"selects no Service: it is {Labels.Describe(document.Texts("spec.selector.matchLabels"))}. Correct it, or the labels of the Service."
                )
            );
            return;
        }
        for (var index = 0; index < document.Count("spec.endpoints"); index++)
        {
            var path = FormattableString.Invariant($"spec.endpoints[{index}]");
            var port = document.Text(path + ".port");
            var target = services
                .SelectMany(static found => (found.Model.Spec?.Ports ?? []).Select(one => (found.Model, Port: one)))
                .FirstOrDefault(found => found.Port.Name == port);
            if (port is not null && target.Port is null)
            {
                problems.Add(
                    document.Problem(
                        path + ".port",
                        $"is {port}, which none of the Services has: {string.Join(", ", services.SelectMany(static found => found.Model.Spec?.Ports ?? []).Select(static one => one.Name))}. It is the name of a Service's port."
                    )
                );
            }
            else if (target.Port is not null)
            {
                CheckScrape(manifests, document, path, problems);
                foreach (
                    var gateway in gateways.Where(gateway =>
                        gateway.Workload.Namespace == document.Namespace
                        && Labels.Select(target.Model.Spec.Selector, gateway.Workload.Labels)
                    )
                )
                {
                    var number = PodPorts.Resolve(
                        gateway.Ports,
                        target.Port.TargetPort?.Value ?? FormattableString.Invariant($"{target.Port.Port}")
                    );
                    CheckGateway(document, path, gateway, number, problems);
                }
            }
        }
    }

    private static void CheckPodMonitor(
        ManifestSet manifests,
        IReadOnlyList<GatewayContainer> gateways,
        ManifestDocument document,
        List<ManifestProblem> problems
    )
    {
        if (IsElsewhere(document))
        {
            return;
        }
        var workloads = manifests
            .Workloads.Where(workload => workload.Namespace == document.Namespace && Selects(document, workload.Labels))
            .ToList();
        if (workloads.Count == 0)
        {
            problems.Add(
                document.Problem(
                    "spec.selector",
                    $"selects no pod: it is {Labels.Describe(document.Texts("spec.selector.matchLabels"))}. Correct it, or the labels of the pods."
                )
            );
            return;
        }
        for (var index = 0; index < document.Count("spec.podMetricsEndpoints"); index++)
        {
            var path = FormattableString.Invariant($"spec.podMetricsEndpoints[{index}]");
            var port = document.Text(path + ".port");
            if (port is not null && !workloads.Exists(workload => PodPorts.Of(workload).Any(one => one.Name == port)))
            {
                problems.Add(
                    document.Problem(
                        path + ".port",
                        $"is {port}, which none of the pods has: {PodPorts.Describe(workloads.SelectMany(PodPorts.Of))}. It is the name of a container's port."
                    )
                );
                continue;
            }
            CheckScrape(manifests, document, path, problems);
            foreach (var gateway in gateways.Where(gateway => workloads.Contains(gateway.Workload)))
            {
                CheckGateway(document, path, gateway, PodPorts.Resolve(gateway.Ports, port), problems);
            }
        }
    }

    private static void CheckScrape(ManifestSet manifests, ManifestDocument document, string path, List<ManifestProblem> problems)
    {
        var credentials = path + ".authorization.credentials";
        if (document.Text(credentials + ".name") is not { } secret)
        {
            return;
        }
        if (!manifests.Exists("Secret", document.Namespace, secret))
        {
            problems.Add(document.Problem(credentials + ".name", manifests.Missing("Secret", document.Namespace, secret)));
        }
        else if (
            manifests.KeysOf("Secret", document.Namespace, secret) is { } keys
            && document.Text(credentials + ".key") is { } key
            && !keys.Contains(key)
        )
        {
            problems.Add(
                document.Problem(
                    credentials + ".key",
                    $"is {key}, which Secret {secret} does not have. Its keys are: {string.Join(", ", keys.Order(StringComparer.Ordinal))}."
                )
            );
        }
    }

    private static void CheckGateway(
        ManifestDocument document,
        string path,
        GatewayContainer gateway,
        int? number,
        List<ManifestProblem> problems
    )
    {
        var admin = gateway.Gateway.Ports.FirstOrDefault(static port => port.Use == EmbeddedPortUse.Admin);
        if (admin is null)
        {
            return;
        }
        if (number is not null && number != admin.Port)
        {
            problems.Add(
                document.Problem(
                    path + ".port",
                    FormattableString.Invariant(
                        $"leads to port {number}, and metrics are at {admin.Port} ({admin.Key} of {gateway.ConfigurationTitle}). Name that port."
                    )
                )
            );
        }
        var metrics = document.Text(path + ".path") ?? "/metrics";
        if (metrics != gateway.Gateway.MetricsPath)
        {
            problems.Add(
                document.Problem(
                    path + ".path",
                    $"is {metrics}, and the gateway has its metrics at {gateway.Gateway.MetricsPath}. Write that."
                )
            );
        }
        var scheme = document.Text(path + ".scheme") ?? "http";
        if (!scheme.Equals(gateway.Gateway.IsAdminTls ? "https" : "http", StringComparison.OrdinalIgnoreCase))
        {
            problems.Add(
                document.Problem(
                    path + ".scheme",
                    $"is {scheme}, and the admin endpoint speaks {(gateway.Gateway.IsAdminTls ? "HTTPS" : "HTTP")}. Write that."
                )
            );
        }
    }

    private static bool IsElsewhere(ManifestDocument document) => document.Has("spec.namespaceSelector");

    private static bool Selects(ManifestDocument document, IReadOnlyDictionary<string, string> labels) =>
        document.Has("spec.selector.matchExpressions") || Labels.Select(document.Texts("spec.selector.matchLabels"), labels);

    private static void CheckRules(ManifestDocument document, List<ManifestProblem> problems)
    {
        HashSet<string> groups = new(StringComparer.Ordinal);
        for (var group = 0; group < document.Count("spec.groups"); group++)
        {
            var path = FormattableString.Invariant($"spec.groups[{group}]");
            if (document.Text(path + ".name") is { } name && !groups.Add(name))
            {
                problems.Add(document.Problem(path + ".name", $"is the second group {name}. Rename one."));
            }
            for (var rule = 0; rule < document.Count(path + ".rules"); rule++)
            {
                CheckRule(document, FormattableString.Invariant($"{path}.rules[{rule}]"), problems);
            }
        }
    }

    private static void CheckRule(ManifestDocument document, string path, List<ManifestProblem> problems)
    {
        if (document.Has(path + ".alert") == document.Has(path + ".record"))
        {
            problems.Add(document.Problem(path, "needs one of alert and record, and not both."));
        }
        if (document.Text(path + ".expr") is { } expression && string.IsNullOrWhiteSpace(expression))
        {
            problems.Add(document.Problem(path + ".expr", "is empty. Write a query."));
        }
        if (document.Text(path + ".for") is { } duration && !PrometheusDuration().IsMatch(duration))
        {
            problems.Add(document.Problem(path + ".for", $"is '{duration}', which is no duration. Write 30s, 10m or 1h30m."));
        }
    }

    [GeneratedRegex("^([0-9]+(ms|[smhdwy]))+$|^0$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PrometheusDuration();
}
