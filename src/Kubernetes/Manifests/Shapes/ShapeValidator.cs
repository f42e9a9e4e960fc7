using System.Globalization;
using TlsGateway.Kubernetes.Manifests.Reading;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace TlsGateway.Kubernetes.Manifests.Shapes;

/// <summary>Holds a document against a shape, as the API server's strict field validation would.</summary>
internal sealed class ShapeValidator(ManifestDocument document, List<ManifestProblem> problems)
{
    public void Validate(FieldShape shape) => Validate(document.Root, shape, "");

    private void Validate(YamlNode node, FieldShape shape, string path)
    {
        // Nothing behind the colon is as if the key were not there.
        if (shape is AnyShape || node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" })
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
                    Validate(item, list.Item, FormattableString.Invariant($"{path}[{index}]"));
                }
                break;
            case (ScalarShape scalar, YamlScalarNode value):
                ValidateScalar(value, scalar.Kind, path);
                break;
            default:
                Add(node, path, $"is {Describe(node)}. Write {Describe(shape)}.");
                break;
        }
    }

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
