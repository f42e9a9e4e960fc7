using System.Text.RegularExpressions;
using NJsonSchema;

namespace TlsGateway.Gateway.Configuration.Values;

/// <summary>Text in a <see cref="string"/>: not empty, at most 4,096 characters, and of a given form where one is set.</summary>
internal sealed class TextAttribute(string expected) : ValueAttribute
{
    /// <summary>Longer than any path (PATH_MAX) or host name; bounds what messages repeat.</summary>
    private const int MaxLength = 4096;

    /// <summary>A name that goes into metric labels and log fields.</summary>
    public const string NamePattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$";

    public override string Expected => expected;

    /// <summary>A regular expression that the whole value matches; null: any text.</summary>
    public string? Pattern { get; init; }

    /// <summary>Example values for the schema.</summary>
    public string[] Examples { get; init; } = [];

    public override bool TryParse(string text, out object? value, out string problem)
    {
        value = text;
        problem = text switch
        {
            "" => "which is empty",
            { Length: > MaxLength } => $"which is longer than {MaxLength} characters",
            _ when Pattern is not null && !Regex.IsMatch(text, Pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)) =>
                "which does not have the right form",
            _ => "",
        };
        return problem.Length == 0;
    }

    public override void Describe(JsonSchema schema)
    {
        schema.Type = JsonObjectType.String;
        schema.MinLength = 1;
        schema.Pattern = Pattern is null ? null : Pattern + OrVariable;
        if (Examples.Length > 0)
        {
            (schema.ExtensionData ??= new Dictionary<string, object?>(StringComparer.Ordinal))["examples"] = Examples;
        }
    }

    public override object? Format(object? value) => value;
}
