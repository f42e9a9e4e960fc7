using System.Text.Json.Serialization;

namespace TlsGateway.Gateway.Configuration.Options;

/// <summary>What the operator wrote in one section, with the place of every value. Types alone are checked here; meaning is the checker's.</summary>
internal abstract class PositionedOptions
{
    private readonly Dictionary<string, WrittenValue> _written = new(StringComparer.Ordinal);

    /// <summary>Where the section begins.</summary>
    [JsonIgnore]
    internal SourcePosition Start { get; set; } = SourcePosition.Start;

    /// <summary>Whether the file has the property (by its C# name); otherwise it holds its default.</summary>
    internal bool Has(string property) => _written.ContainsKey(property);

    /// <summary>Where a property's value stands; the section's beginning when the file does not have it.</summary>
    internal SourcePosition At(string property) => _written.TryGetValue(property, out var value) ? value.Position : Start;

    /// <summary>Where an item of a list stands.</summary>
    internal SourcePosition At(string property, int index) => At(ItemKey(property, index));

    /// <summary>A value as it may be shown: as it stands in the file, environment variables not put in, since they may be secret.</summary>
    internal string Shown(string property) => _written.TryGetValue(property, out var value) ? value.Text : "";

    internal void Record(string property, SourcePosition position, string text = "") =>
        _written[property] = new WrittenValue(position, text);

    internal void RecordItem(string property, int index, SourcePosition position, string text = "") =>
        Record(ItemKey(property, index), position, text);

    private static string ItemKey(string property, int index) => $"{property}[{index}]";

    private readonly record struct WrittenValue(SourcePosition Position, string Text);
}
