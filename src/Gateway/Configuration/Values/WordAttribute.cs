using System.Globalization;
using NJsonSchema;

namespace TlsGateway.Gateway.Configuration.Values;

/// <summary>One of a few words, in a <see cref="string"/>.</summary>
internal sealed class WordAttribute(params string[] words) : ValueAttribute
{
    public override string Expected => words.Length == 1 ? words[0] : $"{string.Join(", ", words[..^1])} or {words[^1]}";

    public override bool TryParse(string text, out object? value, out string problem)
    {
        value = text;
        problem = "";
        if (Array.IndexOf(words, text) >= 0)
        {
            return true;
        }
        problem = Reading.NearestName.Find(text, words) is { } nearest
            ? $"which is not known. Did you mean {nearest}?"
            : "which is not known";
        return false;
    }

    /// <summary>A word that looks like a number (1.3) is a number to YAML, so the schema takes both.</summary>
    public override void Describe(JsonSchema schema)
    {
        var numbers = words.Any(IsNumber);
        schema.Type = numbers ? JsonObjectType.String | JsonObjectType.Number : JsonObjectType.String;
        if (numbers)
        {
            foreach (var word in words)
            {
                schema.Enumeration.Add(word);
                schema.Enumeration.Add(decimal.Parse(word, CultureInfo.InvariantCulture));
            }
            return;
        }
        schema.Pattern = $"^({string.Join('|', words)})$" + OrVariable;
        schema.Description += $" One of {Expected}.";
    }

    public override object? Format(object? value) => value;

    private static bool IsNumber(string word) =>
        decimal.TryParse(word, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _);
}
