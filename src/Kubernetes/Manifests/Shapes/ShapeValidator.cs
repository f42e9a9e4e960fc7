using System.Globalization;
using k8s.Models;
using TlsGateway.Kubernetes.Manifests.Reading;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace TlsGateway.Kubernetes.Manifests.Shapes;

/// <summary>Holds a document against a shape, as the API server's strict field validation would.</summary>
internal sealed class ShapeValidator(ManifestDocument document, List<ManifestProblem> problems)
{
    /// <summary>Something that others rely on is not there: an item of a list, a name, a section.</summary>
    public bool HasHoles { get; private set; }

    public void Validate(FieldShape shape) => Validate(document.Root, shape, "");

    private void Validate(YamlNode node, FieldShape shape, string path)
    {
        // Nothing behind the colon is as if the key were not there.
        if (shape is AnyShape || IsEmpty(node))
        {
            return;
        }
        switch (shape, node)
        {
            case (ObjectShape fields, YamlMappingNode mapping):
                ValidateFields(mapping, fields.Fields.Value, path);
                break;
            case (MapShape map, YamlMappingNode mapping):
                foreach (var (key, value) in mapping.Children)
                {
                    Validate(value, map.Value, $"{path}[{(key as YamlScalarNode)?.Value}]");
                }
                break;
            case (ListShape list, YamlSequenceNode sequence):
                foreach (var (index, item) in sequence.Children.Index())
                {
                    ValidateItem(item, list.Item, FormattableString.Invariant($"{path}[{index}]"));
                }
                break;
            case (ScalarShape scalar, YamlScalarNode value):
                ValidateScalar(value, scalar.Kind, path);
                break;
            default:
                HasHoles = true;
                Add(node, path, $"is {Describe(node)}. Write {Describe(shape)}.");
                break;
        }
    }

    private static bool IsEmpty(YamlNode node) => node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };

    private void ValidateItem(YamlNode item, FieldShape shape, string path)
    {
        if (IsEmpty(item))
        {
            HasHoles = true;
            Add(item, path, "is empty. Fill it in, or remove it.");
        }
        else if (
            // What items of lists are told apart by, in all of Kubernetes' lists that have names.
            shape is ObjectShape fields
            && item is YamlMappingNode mapping
            && NamesOf(fields)
                .FirstOrDefault(name => !mapping.Children.TryGetValue(new YamlScalarNode(name), out var value) || IsEmpty(value))
                is { } missing
        )
        {
            HasHoles = true;
            Add(item, $"{path}.{missing}", "is missing. It has to be there.");
        }
        Validate(item, shape, path);
    }

    /// <summary>The fields of an item that have to be there though nothing in its class says so.</summary>
    private static string[] NamesOf(ObjectShape shape) => NamedItems.GetValueOrDefault(shape, []);

    private static readonly Dictionary<ObjectShape, string[]> NamedItems = new(ReferenceEqualityComparer.Instance)
    {
        [Shape<V1Container>()] = ["name"],
        [Shape<V1EnvVar>()] = ["name"],
        [Shape<V1Volume>()] = ["name"],
        [Shape<V1VolumeMount>()] = ["name", "mountPath"],
        [Shape<V1KeyToPath>()] = ["key", "path"],
        [Shape<Rbacv1Subject>()] = ["kind", "name"],
        [Shape<V1LabelSelectorRequirement>()] = ["key", "operator"],
        [Shape<V2MetricSpec>()] = ["type"],
        [Shape<V1Sysctl>()] = ["name", "value"],
    };

    private static ObjectShape Shape<T>() => (ObjectShape)ModelShapes.Of(typeof(T));

    private void ValidateFields(YamlMappingNode mapping, ObjectFields fields, string path)
    {
        foreach (var (key, value) in mapping.Children)
        {
            var name = (key as YamlScalarNode)?.Value ?? "";
            var inner = path.Length == 0 ? name : $"{path}.{name}";
            if (fields.Known.TryGetValue(name, out var shape))
            {
                Validate(value, shape, inner);
            }
            else
            {
                var nearest = Nearest.To(name, fields.Known.Keys);
                var known = string.Join(", ", fields.Known.Keys.Order(StringComparer.Ordinal));
                Add(key, inner, $"is not a known field. {(nearest is null ? $"Known here: {known}." : $"Did you mean {nearest}?")}");
            }
        }
        foreach (var required in fields.Required.Where(required => !mapping.Children.ContainsKey(new YamlScalarNode(required))))
        {
            Add(mapping, path.Length == 0 ? required : $"{path}.{required}", "is missing. It has to be there.");
        }
    }

    private void ValidateScalar(YamlScalarNode node, ScalarKind kind, string path)
    {
        var value = node.Value ?? "";
        var isPlain = node.Style == ScalarStyle.Plain;
        var isNumber = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
        var isBoolean = value is "true" or "false";
        switch (kind)
        {
            case ScalarKind.Text when isPlain && (isBoolean || isNumber):
                Add(node, path, $"is {(isBoolean ? "a switch" : "a number")}, and has to be text. Put it in quotes: \"{value}\".");
                break;
            case ScalarKind.Integer
                when !isPlain || !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _):
                Add(node, path, "has to be a whole number, without quotes.");
                break;
            case ScalarKind.Number when !isPlain || !isNumber:
                Add(node, path, "has to be a number, without quotes.");
                break;
            case ScalarKind.Boolean when !isPlain || !isBoolean:
                Add(node, path, "has to be true or false, without quotes.");
                break;
        }
    }

    private void Add(YamlNode node, string path, string message) =>
        problems.Add(new ManifestProblem(document.File, document.LineOf(node.Start), document.Title, path, message));

    private static string Describe(YamlNode node) =>
        node switch
        {
            YamlMappingNode => "a section with keys",
            YamlSequenceNode => "a list",
            _ => "a single value",
        };

    private static string Describe(FieldShape shape) =>
        shape switch
        {
            ListShape => "a list: its items begin with a hyphen",
            ScalarShape => "a single value",
            _ => "a section with keys",
        };
}
