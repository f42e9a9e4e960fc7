using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace TlsGateway.Gateway.Configuration.Reading;

/// <summary>
/// Turns YAML events into nodes with positions. Takes the part of YAML that a configuration needs: one document, no anchors and aliases (a short
/// file could expand to gigabytes), no tags, keys that are plain text and occur once.
/// </summary>
internal sealed class YamlDocumentReader(ConfigurationProblems problems)
{
    /// <summary>The configuration is five levels deep; more is a mistake, or an attempt to exhaust the stack.</summary>
    private const int MaxDepth = 16;

    private IParser _parser = null!;

    /// <summary>The document's root, or null when there is none or its syntax is broken (which is then among the problems).</summary>
    public ConfigurationNode? Read(string yaml)
    {
        _parser = new Parser(new StringReader(yaml));
        try
        {
            _parser.Consume<StreamStart>();
            if (_parser.Accept<StreamEnd>(out _))
            {
                problems.Error(SourcePosition.Start, "the file is empty. It needs at least listeners and upstreams.");
                return null;
            }
            _parser.Consume<DocumentStart>();
            var root = ReadNode(0);
            _parser.Consume<DocumentEnd>();
            if (_parser.Accept<DocumentStart>(out var second))
            {
                problems.Error(
                    At(second.Start),
                    "a second document begins here. Keep one document in the file and remove the line with ---."
                );
            }
            return root;
        }
        catch (YamlException broken)
        {
            problems.Error(At(broken.Start), DescribeSyntaxError(broken, yaml));
            return null;
        }
    }

    private ConfigurationNode ReadNode(int depth)
    {
        if (depth > MaxDepth)
        {
            var here = _parser.Current!.Start;
            throw new YamlException(here, here, $"values are nested more than {MaxDepth} levels deep");
        }
        if (_parser.Current is NodeEvent { Anchor.IsEmpty: false } anchored)
        {
            problems.Error(
                At(anchored.Start),
                $"anchors are not supported (&{anchored.Anchor.Value}). Write the value out where it is used."
            );
        }
        if (_parser.Current is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } } tagged)
        {
            problems.Error(At(tagged.Start), $"tags are not supported ({tagged.Tag.Value}). Remove it: each key's type is known.");
        }
        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            problems.Error(At(alias.Start), $"aliases are not supported (*{alias.Value.Value}). Write the value out here.");
            return new ScalarNode(At(alias.Start), "", IsQuoted: false);
        }
        if (_parser.TryConsume<Scalar>(out var scalar))
        {
            return new ScalarNode(At(scalar.Start), scalar.Value, scalar.Style != ScalarStyle.Plain);
        }
        return _parser.Accept<SequenceStart>(out _) ? ReadSequence(depth) : ReadMapping(depth);
    }

    private SequenceNode ReadSequence(int depth)
    {
        var start = _parser.Consume<SequenceStart>();
        List<ConfigurationNode> items = [];
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(ReadNode(depth + 1));
        }
        return new SequenceNode(At(start.Start), items);
    }

    private MappingNode ReadMapping(int depth)
    {
        var start = _parser.Consume<MappingStart>();
        List<MappingEntry> entries = [];
        Dictionary<string, SourcePosition> seen = new(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadNode(depth + 1);
            var value = ReadNode(depth + 1);
            if (key is not ScalarNode name)
            {
                problems.Error(key.Position, "a key must be a plain word. Quote it if it is meant to be text.");
            }
            else if (!seen.TryAdd(name.Text, name.Position))
            {
                problems.Error(name.Position, $"{name.Text} occurs twice; first on line {seen[name.Text].Line}. Remove one of them.");
            }
            else
            {
                entries.Add(new MappingEntry(name.Text, name.Position, value));
            }
        }
        return new MappingNode(At(start.Start), entries);
    }

    private static string DescribeSyntaxError(YamlException broken, string yaml)
    {
        var line = LineAt(yaml, (int)broken.Start.Line);
        if (line.TrimStart(' ').StartsWith('\t'))
        {
            return "the line is indented with a tab. YAML allows only spaces.";
        }
        var message = broken.Message.TrimEnd('.');
        return $"this is not valid YAML: {char.ToLowerInvariant(message[0])}{message[1..]}. Check the indentation, colons and quotes on this line and the one above.";
    }

    private static ReadOnlySpan<char> LineAt(string yaml, int number)
    {
        foreach (var line in yaml.AsSpan().EnumerateLines())
        {
            if (--number <= 0)
            {
                return line;
            }
        }
        return default;
    }

    private static SourcePosition At(Mark mark) => new((int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));
}
