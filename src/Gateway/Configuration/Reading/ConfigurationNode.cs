namespace TlsGateway.Gateway.Configuration.Reading;

/// <summary>A piece of the YAML document with the place it came from.</summary>
internal abstract record ConfigurationNode(SourcePosition Position);

/// <summary>A single value.</summary>
/// <param name="Position">Where it begins.</param>
/// <param name="Text">As in the file, before environment variables are put in.</param>
/// <param name="IsQuoted">It stood in quotes or was a block, so it is text whatever it looks like.</param>
internal sealed record ScalarNode(SourcePosition Position, string Text, bool IsQuoted) : ConfigurationNode(Position)
{
    /// <summary><c>key:</c> with nothing behind it, or YAML's words for nothing.</summary>
    public bool IsEmpty => !IsQuoted && Text is "" or "~" or "null";
}

internal sealed record SequenceNode(SourcePosition Position, IReadOnlyList<ConfigurationNode> Items) : ConfigurationNode(Position);

/// <summary>Keys with values, each key once.</summary>
internal sealed record MappingNode(SourcePosition Position, IReadOnlyList<MappingEntry> Entries) : ConfigurationNode(Position);

internal sealed record MappingEntry(string Key, SourcePosition KeyPosition, ConfigurationNode Value);
