using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace TlsGateway.Kubernetes.Manifests.Reading;

/// <summary>One object of the manifests, with the places of its parts.</summary>
/// <param name="File">The file it is in.</param>
/// <param name="LinesBefore">Lines of the file above the document.</param>
/// <param name="Number">Of the document in its file, from 1.</param>
/// <param name="Root">Its YAML.</param>
internal sealed record ManifestDocument(string File, int LinesBefore, int Number, YamlMappingNode Root)
{
    /// <summary>As KubernetesClient's class; null: it is a custom resource, or does not fit its class.</summary>
    public object? Model { get; init; }

    public string ApiVersion => Text("apiVersion") ?? "";

    public string Kind => Text("kind") ?? "";

    public string Name => Text("metadata.name") ?? "";

    public string Namespace => Text("metadata.namespace") ?? "";

    /// <summary>How messages name it.</summary>
    public string Title =>
        Kind.Length > 0 && Name.Length > 0 ? $"{Kind} {Name}" : $"document {Number.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>A single value; null: there is none.</summary>
    public string? Text(string path) => Find(path) is YamlScalarNode { Value: { } value } ? value : null;

    /// <summary>A mapping of plain values, such as labels.</summary>
    public IReadOnlyDictionary<string, string> Texts(string path) =>
        Find(path) is YamlMappingNode mapping
            ? mapping
                .Children.Where(static pair => pair.Key is YamlScalarNode && pair.Value is YamlScalarNode)
                .ToDictionary(static pair => ((YamlScalarNode)pair.Key).Value!, static pair => ((YamlScalarNode)pair.Value).Value ?? "")
            : new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>How many items a list has; 0 also when there is none.</summary>
    public int Count(string path) => Find(path) is YamlSequenceNode sequence ? sequence.Children.Count : 0;

    public bool Has(string path) => Find(path) is not null;

    public YamlNode? Find(string path)
    {
        YamlNode? node = Root;
        foreach (var part in Split(path))
        {
            node = Step(node, part);
        }
        return node;
    }

    /// <summary>The line of what is at a path, or of the nearest that is there.</summary>
    public int LineOf(string path)
    {
        YamlNode node = Root;
        foreach (var part in Split(path))
        {
            if (Step(node, part) is not { } next)
            {
                break;
            }
            node = next;
        }
        return LineOf(node.Start);
    }

    public int LineOf(Mark mark) => LinesBefore + (int)Math.Max(1, mark.Line);

    public ManifestProblem Problem(string path, string message) => new(File, LineOf(path), Title, path, message);

    private static YamlNode? Step(YamlNode? node, string part)
    {
        if (node is YamlMappingNode mapping)
        {
            return mapping.Children.TryGetValue(new YamlScalarNode(part), out var value) ? value : null;
        }
        return
            node is YamlSequenceNode sequence
            && int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && index < sequence.Children.Count
            ? sequence.Children[index]
            : null;
    }

    /// <summary>Keys between dots, indexes in brackets; a key that has dots itself stands in brackets too.</summary>
    private static IEnumerable<string> Split(string path)
    {
        var rest = path;
        while (rest.Length > 0)
        {
            if (rest[0] == '[')
            {
                var end = rest.IndexOf(']', StringComparison.Ordinal);
                yield return rest[1..end];
                rest = rest[(end + 1)..];
            }
            else
            {
                var from = rest[0] == '.' ? 1 : 0;
                var length = rest.AsSpan(from).IndexOfAny('.', '[');
                var end = length < 0 ? rest.Length : from + length;
                yield return rest[from..end];
                rest = rest[end..];
            }
        }
    }
}
