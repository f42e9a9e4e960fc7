using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Reading;

/// <summary>
/// Fills options from nodes: keys are the property names in camelCase, values are read by the property's <see cref="ValueAttribute"/>. Unknown
/// keys, wrong types and values out of range become problems, and reading goes on, so that all are found in one pass.
/// </summary>
internal sealed class OptionsReader(ConfigurationProblems problems, Func<string, string?> getVariable)
{
    /// <summary>Reads the whole file's section; null when the root is not a section.</summary>
    public GatewayOptions? Read(ConfigurationNode root) => (GatewayOptions?)ReadSection(typeof(GatewayOptions), root, "");

    private PositionedOptions? ReadSection(Type type, ConfigurationNode node, string path)
    {
        if (node is not MappingNode mapping)
        {
            var name = path.Length == 0 ? "the file" : path;
            problems.Error(node.Position, $"{name} must be a section with keys {ListKeys(type)}, and is {Describe(node)}.");
            return null;
        }
        var section = (PositionedOptions)Activator.CreateInstance(type)!;
        section.Start = mapping.Position;
        foreach (var entry in mapping.Entries)
        {
            if (FindProperty(type, entry.Key) is { } property)
            {
                ReadProperty(section, property, entry, Join(path, entry.Key));
            }
            else
            {
                problems.Error(entry.KeyPosition, $"{Join(path, entry.Key)} is not a known key.{SuggestKey(type, entry.Key)}");
            }
        }
        foreach (var property in type.GetProperties().Where(property => IsMissing(property, mapping)))
        {
            problems.Error(mapping.Position, $"{Join(path, KeyOf(property))} is missing. {DescribeExpected(property)}");
        }
        return section;
    }

    private void ReadProperty(PositionedOptions section, PropertyInfo property, MappingEntry entry, string path)
    {
        section.Record(property.Name, entry.Value.Position, (entry.Value as ScalarNode)?.Text ?? "");
        if (entry.Value is ScalarNode { IsEmpty: true })
        {
            problems.Error(entry.Value.Position, $"{path} has no value. {DescribeExpected(property)}");
            return;
        }
        if (property.GetCustomAttribute<ValueAttribute>() is { } rule)
        {
            if (TryReadValue(rule, entry.Value, path, out var value))
            {
                property.SetValue(section, value);
            }
            return;
        }
        if (property.GetCustomAttribute<WordOrListAttribute>()?.Word is { } word && entry.Value is ScalarNode scalar)
        {
            ReadWordInPlaceOfList(word, scalar, path);
            return;
        }
        var type = property.PropertyType;
        var read = type switch
        {
            _ when type.IsAssignableTo(typeof(PositionedOptions)) => ReadSection(type, entry.Value, path),
            _ when type.IsAssignableTo(typeof(IDictionary)) => ReadNamedSections(type, entry.Value, path),
            _ => ReadList(section, property, entry.Value, path),
        };
        if (read is not null)
        {
            property.SetValue(section, read);
        }
    }

    private void ReadWordInPlaceOfList(string word, ScalarNode scalar, string path)
    {
        if (TryExpand(scalar, path, out var text) && text != word)
        {
            problems.Error(
                scalar.Position,
                $"{path} is '{scalar.Text}', which is not known. Write {word}, or a list of {{certificate: file, key: file}}.{NearestName.Suggest(text, [word])}"
            );
        }
    }

    private object? ReadNamedSections(Type type, ConfigurationNode node, string path)
    {
        if (node is not MappingNode mapping)
        {
            problems.Error(node.Position, $"{path} must be a section with a key for each name, and is {Describe(node)}.");
            return null;
        }
        var sections = (IDictionary)Activator.CreateInstance(type)!;
        foreach (var entry in mapping.Entries)
        {
            // A section that could not be read keeps its name known: a reference to it is not a second error.
            var read = ReadSection(type.GetGenericArguments()[1], entry.Value, Join(path, entry.Key));
            var section = read ?? (PositionedOptions)Activator.CreateInstance(type.GetGenericArguments()[1])!;
            section.Start = entry.KeyPosition;
            sections.Add(entry.Key, section);
        }
        return sections;
    }

    private object? ReadList(PositionedOptions section, PropertyInfo property, ConfigurationNode node, string path)
    {
        if (node is not SequenceNode sequence)
        {
            problems.Error(node.Position, $"{path} must be a list, and is {Describe(node)}. {DescribeExpected(property)}");
            return null;
        }
        var items = (IList)Activator.CreateInstance(property.PropertyType)!;
        var itemType = property.PropertyType.GetGenericArguments()[0];
        for (var index = 0; index < sequence.Items.Count; index++)
        {
            var item = sequence.Items[index];
            var itemPath = $"{path}[{index}]";
            object? read = itemType == typeof(string) ? ReadText(item, itemPath) : ReadSection(itemType, item, itemPath);
            if (read is not null)
            {
                section.RecordItem(property.Name, items.Count, item.Position, (item as ScalarNode)?.Text ?? "");
                items.Add(read);
            }
        }
        return items;
    }

    private string? ReadText(ConfigurationNode node, string path) =>
        TryReadValue(new TextAttribute("text"), node, path, out var value) ? (string?)value : null;

    private bool TryReadValue(ValueAttribute rule, ConfigurationNode node, string path, out object? value)
    {
        value = null;
        if (node is not ScalarNode scalar)
        {
            problems.Error(node.Position, $"{path} must be a single value, and is {Describe(node)}. Write {rule.Expected}.");
            return false;
        }
        if (!TryExpand(scalar, path, out var text))
        {
            return false;
        }
        var isExpanded = !ReferenceEquals(text, scalar.Text);
        if (scalar.IsQuoted && !rule.IsText && !isExpanded)
        {
            problems.Error(scalar.Position, $"{path} is text in quotes. Write {rule.Expected}, without quotes.");
            return false;
        }
        if (rule.TryParse(text, out value, out var problem))
        {
            return true;
        }
        // The problem may repeat parts of the value, so it is not shown either when the value came from the environment.
        problem = isExpanded ? "whose value in the environment is not usable here" : problem;
        problems.Error(
            scalar.Position,
            $"{path} is '{Shorten(scalar.Text)}', {problem}{(problem.EndsWith('?') ? "" : ".")} Write {rule.Expected}."
        );
        return false;
    }

    private bool TryExpand(ScalarNode scalar, string path, out string text)
    {
        if (EnvironmentSubstitution.TryExpand(scalar.Text, getVariable, out text, out var problem))
        {
            return true;
        }
        problems.Error(scalar.Position, $"{path} {problem}");
        return false;
    }

    private static bool IsMissing(PropertyInfo property, MappingNode mapping) =>
        property.IsDefined(typeof(RequiredAttribute)) && !mapping.Entries.Any(entry => entry.Key == KeyOf(property));

    private static string DescribeExpected(PropertyInfo property)
    {
        if (property.GetCustomAttribute<ValueAttribute>() is { } rule)
        {
            return $"Write {rule.Expected}.";
        }
        if (property.GetCustomAttribute<WordOrListAttribute>()?.Word is { } word)
        {
            return $"Write {word}, or a list of {{certificate: file, key: file}}.";
        }
        var type = property.PropertyType;
        return type switch
        {
            _ when type.IsAssignableTo(typeof(PositionedOptions)) =>
                $"It is a section with keys {ListKeys(type)}; remove it to take the defaults.",
            _ when type.IsAssignableTo(typeof(IDictionary)) => "It has a section for each name, with keys "
                + ListKeys(type.GetGenericArguments()[1])
                + ".",
            _ when type == typeof(List<string>) => "Write a list: [first, second].",
            _ => "It is a list of sections (each begins with -) with keys " + ListKeys(type.GetGenericArguments()[0]) + ".",
        };
    }

    private static string SuggestKey(Type type, string key)
    {
        if (NearestName.Find(key, type.GetProperties().Select(KeyOf)) is { } nearest)
        {
            return $" Did you mean {nearest}?";
        }
        var home = type.GetProperties()
            .FirstOrDefault(property =>
                property.PropertyType.IsAssignableTo(typeof(PositionedOptions)) && FindProperty(property.PropertyType, key) is not null
            );
        return home is null ? $" Known here: {ListKeys(type)}." : $" It belongs under {KeyOf(home)}.";
    }

    private static PropertyInfo? FindProperty(Type type, string key) =>
        type.GetProperties().FirstOrDefault(property => KeyOf(property) == key);

    internal static string KeyOf(PropertyInfo property) => char.ToLowerInvariant(property.Name[0]) + property.Name[1..];

    private static string ListKeys(Type type) => string.Join(", ", type.GetProperties().Select(KeyOf));

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    private static string Describe(ConfigurationNode node) =>
        node switch
        {
            ScalarNode { IsEmpty: true } => "empty",
            ScalarNode scalar => $"the value '{Shorten(scalar.Text)}'",
            SequenceNode => "a list",
            _ => "a section",
        };

    /// <summary>Enough to recognise the value, one line, and not a whole pasted key.</summary>
    private static string Shorten(string text)
    {
        const int Longest = 60;
        var line = text.AsSpan().IndexOfAny('\r', '\n') is var end and >= 0 ? text[..end] + "…" : text;
        return line.Length <= Longest ? line : line[..Longest] + "…";
    }
}
