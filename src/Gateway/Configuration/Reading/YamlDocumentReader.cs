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
            ReportSyntaxError(broken, yaml);
            return null;
        }
        catch (Exception broken) when (broken is InvalidOperationException or ArgumentException)
        {
            // YamlDotNet's scanner has some syntax errors that it reports as its own failure, without a place.
            var last = _parser.Current?.End ?? Mark.Empty;
            problems.Error(At(last), "this is not valid YAML, here or just below. Check the indentation, brackets, colons and quotes.");
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

    private void ReportSyntaxError(YamlException broken, string yaml)
    {
        if (FindTabIndentation(yaml, (int)broken.Start.Line) is { } tab)
        {
            problems.Error(tab, "the line is indented with a tab. YAML allows only spaces.");
            return;
        }
        var message = broken.Message.TrimEnd('.');
        problems.Error(
            At(broken.Start),
            $"this is not valid YAML: {char.ToLowerInvariant(message[0])}{message[1..]}. Check the indentation, colons and quotes on this line and the one above."
        );
    }

    /// <summary>The scanner reports the value that was being read, which may begin before the tab that ended it.</summary>
    private static SourcePosition? FindTabIndentation(string yaml, int fromLine)
    {
        const int LinesSearched = 3;
        var number = 0;
        foreach (var line in yaml.AsSpan().EnumerateLines())
        {
            number++;
            var spaces = line.IndexOfAnyExcept(' ');
            if (number >= fromLine && number < fromLine + LinesSearched && spaces >= 0 && line[spaces] == '\t')
            {
                return new SourcePosition(number, spaces + 1);
            }
        }
        return null;
    }

    private static SourcePosition At(Mark mark) => new((int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));
}
