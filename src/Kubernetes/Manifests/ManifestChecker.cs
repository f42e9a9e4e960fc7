using TlsGateway.Kubernetes.Manifests.Reading;
using TlsGateway.Kubernetes.Manifests.Rules;

namespace TlsGateway.Kubernetes.Manifests;

/// <summary>
/// Finds what is wrong in manifests before a cluster does, or does not: fields that do not exist, selectors that select nothing, ports that nobody listens on, objects that are not there, probes of paths that are not served, a grace
/// period that is shorter than the drain. Asks no API server.
/// </summary>
public static class ManifestChecker
{
    /// <summary>What it takes to leave the cluster and to end, after the last connection has had its time to close: ten seconds for either, and five to spare.</summary>
    public static TimeSpan Reserve { get; } = TimeSpan.FromSeconds(25);

    /// <summary>Checks manifests that are applied together.</summary>
    /// <returns>All problems, in the order of the files. Empty: none was found.</returns>
    public static IReadOnlyList<ManifestProblem> Check(IReadOnlyList<ManifestFile> files, ManifestOptions options)
    {
        List<ManifestProblem> problems = [];
        ManifestReader reader = new(problems);
        ManifestSet manifests = new([.. files.SelectMany(reader.Read)], options);
        var gateways = EmbeddedGateways.Find(manifests, options.ReadGateway, problems);
        IManifestRule[] rules =
        [
            new NameRules(),
            new SelectorRules(),
            new ServiceRules(),
            new VolumeRules(),
            new ReferenceRules(),
            new AccessRules(),
            new ScalingRules(),
            new NetworkPolicyRules(),
            new MonitoringRules(),
            new CertificateRules(),
            new ProbeRules(),
            new GatewayPortRules(),
            new GatewayFileRules(),
            new GatewayMemberRules(),
            new GracePeriodRules(),
        ];
        foreach (var rule in rules)
        {
            rule.Check(manifests, gateways, problems);
        }
        var order = files.Index().ToLookup(static file => file.Item.Name, static file => file.Index);
        return [.. problems.OrderBy(problem => order[problem.File].First()).ThenBy(static problem => problem.Line)];
    }
}
