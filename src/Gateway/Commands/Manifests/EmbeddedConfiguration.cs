using System.Net;
using TlsGateway.Gateway.Admin;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Configuration.Reading;
using TlsGateway.Gateway.Configuration.Values;
using TlsGateway.Kubernetes.Manifests;

namespace TlsGateway.Gateway.Commands.Manifests;

/// <summary>Reads a configuration that lives in a ConfigMap, without the files and names that only its container has.</summary>
internal sealed class EmbeddedConfiguration
{
    /// <summary>Keys whose values begin with a slash and are no file that is read.</summary>
    private static readonly HashSet<string> NotRead = new(StringComparer.Ordinal) { "path", "stateFolder", "keyLogFile", "output" };

    private readonly List<EmbeddedPort> _ports = [];

    private readonly List<EmbeddedPath> _files = [];

    private readonly Func<string, string?> _getVariable;

    private EmbeddedConfiguration(IReadOnlyDictionary<string, string> variables) =>
        _getVariable = name => variables.GetValueOrDefault(name);

    /// <summary>Reads it.</summary>
    /// <param name="yaml">The configuration.</param>
    /// <param name="variables">The container's environment.</param>
    public static EmbeddedGateway Read(string yaml, IReadOnlyDictionary<string, string> variables)
    {
        ConfigurationProblems problems = new("");
        EmbeddedConfiguration reading = new(variables);
        var root = new YamlDocumentReader(problems).Read(yaml);
        var options = root is null ? null : new OptionsReader(problems, reading._getVariable).Read(root);
        var gateway = options is null ? new EmbeddedGateway() : reading.Of(root!, options);
        return gateway with
        {
            Problems =
            [
                .. problems
                    .InFileOrder()
                    .Where(static problem => problem.Severity == ProblemSeverity.Error)
                    .Select(static problem => new EmbeddedProblem(problem.Position.Line, problem.Message)),
            ],
        };
    }

    private EmbeddedGateway Of(ConfigurationNode root, GatewayOptions options)
    {
        foreach (var (index, listener) in options.Listeners.Index())
        {
            AddPort(FormattableString.Invariant($"listeners[{index}].bind"), listener.Bind, EmbeddedPortUse.Clients);
        }
        AddPort("admin.bind", options.Admin.Bind, EmbeddedPortUse.Admin);
        if (options.Cluster is { } cluster)
        {
            AddPort("cluster.bind", cluster.Bind, EmbeddedPortUse.Members);
            if (cluster.Relay is { } relay)
            {
                AddPort("cluster.relay.bind", relay.Bind, EmbeddedPortUse.Members);
            }
        }
        AddFiles(root, "", "");
        return new EmbeddedGateway
        {
            DrainGrace = options.Drain.Grace,
            DrainTimeout = options.Drain.Timeout,
            Shutdown = options.Listeners.Select(static listener => listener.Timeouts.Shutdown).DefaultIfEmpty().Max(),
            Ports = _ports,
            IsAdminTls = options.Admin.Tls is not null,
            LivePaths = [.. AdminServer.LivePaths],
            ReadyPaths = [.. AdminServer.ReadyPaths],
            MetricsPath = AdminServer.MetricsPath,
            ReadFiles = _files,
            WrittenFolders = [.. Written(options)],
            Seeds =
            [
                .. (options.Cluster?.Seeds ?? [])
                    .Index()
                    .Select(static seed => new EmbeddedPath(FormattableString.Invariant($"cluster.seeds[{seed.Index}]"), seed.Item)),
            ],
            Discovery = options.Cluster?.Kubernetes is { Namespace: { } space } pods
                ? new EmbeddedDiscovery(space, pods.Labels, LeasesOf(options.Cluster, pods.Lease))
                : null,
        };
    }

    /// <summary>Port 0 is the system's choice, and a wrong address is the configuration's problem.</summary>
    private void AddPort(string key, string? bind, EmbeddedPortUse use)
    {
        if (bind is not null && AddressText.TryParseBind(bind, out var endPoint, out _) && endPoint.Port != 0)
        {
            _ports.Add(new EmbeddedPort(key, endPoint.Port, use, IPAddress.IsLoopback(endPoint.Address)));
        }
    }

    /// <summary>Whatever is an absolute path; what is relative is relative to the configuration's own folder.</summary>
    private void AddFiles(ConfigurationNode node, string key, string path)
    {
        switch (node)
        {
            case MappingNode mapping:
                foreach (var entry in mapping.Entries)
                {
                    AddFiles(entry.Value, entry.Key, path.Length == 0 ? entry.Key : $"{path}.{entry.Key}");
                }
                break;
            case SequenceNode sequence:
                foreach (var (index, item) in sequence.Items.Index())
                {
                    AddFiles(item, key, FormattableString.Invariant($"{path}[{index}]"));
                }
                break;
            case ScalarNode scalar when !NotRead.Contains(key) && Expand(scalar) is ['/', ..] file:
                _files.Add(new EmbeddedPath(path, file));
                break;
        }
    }

    private static IEnumerable<EmbeddedPath> Written(GatewayOptions options)
    {
        if (Path.IsPathRooted(options.StateFolder))
        {
            yield return new EmbeddedPath("stateFolder", options.StateFolder.TrimEnd('/'));
        }
        if (Path.IsPathRooted(options.KeyLogFile))
        {
            yield return new EmbeddedPath("keyLogFile", Path.GetDirectoryName(options.KeyLogFile)!);
        }
        if (Path.IsPathRooted(options.AccessLog?.Output))
        {
            yield return new EmbeddedPath("accessLog.output", Path.GetDirectoryName(options.AccessLog.Output)!);
        }
    }

    /// <summary>Two members never hold one for two things.</summary>
    private static string[] LeasesOf(ClusterOptions cluster, string lease) =>
        cluster.SplitBrain == "lease-majority" ? [lease, lease + "-split"] : [lease];

    private string? Text(ConfigurationNode root, string path) => Find(root, path) is ScalarNode scalar ? Expand(scalar) : null;

    private string? Expand(ScalarNode scalar) =>
        EnvironmentSubstitution.TryExpand(scalar.Text, _getVariable, out var text, out _) ? text : null;

    private static ConfigurationNode? Find(ConfigurationNode root, string path)
    {
        var node = root;
        foreach (var key in path.Split('.'))
        {
            if ((node as MappingNode)?.Entries.FirstOrDefault(entry => entry.Key == key)?.Value is not { } next)
            {
                return null;
            }
            node = next;
        }
        return node;
    }
}
