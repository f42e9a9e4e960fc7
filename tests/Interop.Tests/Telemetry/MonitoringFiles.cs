using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;
using YamlDotNet.Serialization;

namespace TlsGateway.Interop.Tests.Telemetry;

/// <summary>What deploy/k8s/monitoring asks of Prometheus.</summary>
internal static partial class MonitoringFiles
{
    private static string Folder { get; } = Path.Combine(Root(), "deploy", "k8s", "monitoring");

    /// <summary>The rules as Prometheus itself takes them.</summary>
    public static string RuleFile()
    {
        var groups = new YamlMappingNode { { "groups", Groups() } };
        return new SerializerBuilder().Build().Serialize(groups);
    }

    /// <summary>Alerts and recording rules in their order.</summary>
    public static IReadOnlyList<YamlMappingNode> Rules() =>
        [.. Groups().Cast<YamlMappingNode>().SelectMany(static group => ((YamlSequenceNode)group["rules"]).Cast<YamlMappingNode>())];

    /// <summary>Each panel's queries with the variables put in.</summary>
    public static IReadOnlyList<(string Panel, string Query)> Queries() =>
        [
            .. Directory
                .GetFiles(Path.Combine(Folder, "dashboards"))
                .Order(StringComparer.Ordinal)
                .SelectMany(static file =>
                    JsonSerializer
                        .Deserialize<JsonElement>(File.ReadAllText(file))
                        .GetProperty("panels")
                        .EnumerateArray()
                        .SelectMany(panel =>
                            panel
                                .GetProperty("targets")
                                .EnumerateArray()
                                .Select(target =>
                                    (
                                        $"{Path.GetFileName(file)}: {panel.GetProperty("title").GetString()}",
                                        PutIn(target.GetProperty("expr").GetString()!)
                                    )
                                )
                        )
                ),
        ];

    public static string Document(string name) => File.ReadAllText(Path.Combine(Root(), "docs", name));

    /// <summary>The gateway's metrics that a query reads.</summary>
    public static IEnumerable<string> Metrics(string query) => MetricName().Matches(query).Select(static match => match.Value).Distinct();

    private static YamlSequenceNode Groups()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(File.ReadAllText(Path.Combine(Folder, "prometheus-rule.yaml"))));
        return (YamlSequenceNode)yaml.Documents[0].RootNode["spec"]["groups"];
    }

    private static string PutIn(string query) =>
        query
            .Replace("$__rate_interval", "30s", StringComparison.Ordinal)
            .Replace("$job", ".*", StringComparison.Ordinal)
            .Replace("$instance", ".*", StringComparison.Ordinal)
            .Replace("$listener", ".*", StringComparison.Ordinal);

    private static string Root([CallerFilePath] string here = "")
    {
        var folder = Path.GetDirectoryName(here)!;
        while (!File.Exists(Path.Combine(folder, "Gateway.sln")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    [GeneratedRegex(@"(?<![:\w])(?:gateway|dotnet)_\w+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MetricName();
}
