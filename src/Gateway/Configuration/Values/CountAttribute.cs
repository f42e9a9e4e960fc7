using System.Globalization;
using NJsonSchema;

namespace TlsGateway.Gateway.Configuration.Values;

/// <summary>A whole number in an <see cref="int"/>, within an inclusive range; optionally a word that stands for null.</summary>
internal sealed class CountAttribute(int minimum, int maximum) : ValueAttribute
{
    /// <summary>A word that may stand for the number and is read as null, such as auto.</summary>
    public string? Word { get; init; }

    public override string Expected => $"{(Word is null ? "" : $"{Word} or ")}a whole number from {minimum} to {maximum}";

    public override bool IsText => Word is not null;

    public override bool TryParse(string text, out object? value, out string problem)
    {
        value = null;
        problem = "";
        if (Word is not null && text == Word)
        {
            return true;
        }
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            problem = "which is not a whole number";
            return false;
        }
        if (number < minimum || number > maximum)
        {
            problem = "which is out of range";
            return false;
        }
        value = (int)number;
        return true;
    }

    public override void Describe(JsonSchema schema)
    {
        schema.Type = JsonObjectType.Integer | JsonObjectType.String;
        schema.Format = null;
        schema.Pattern = Word is null ? @"\$\{" : $"^{Word}$" + OrVariable;
        schema.Minimum = minimum;
        schema.Maximum = maximum;
    }

    public override object? Format(object? value) => value ?? Word;
}
