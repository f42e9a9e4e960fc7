using NJsonSchema;

namespace TlsGateway.Gateway.Configuration.Values;

/// <summary>A <see cref="TimeSpan"/> written as 500ms, 30s, 5m or 1h30m, within an inclusive range.</summary>
internal sealed class DurationAttribute(string minimum, string maximum) : ValueAttribute
{
    public override string Expected => $"a duration from {minimum} to {maximum}, such as 500ms, 30s, 5m or 1h30m";

    public override bool TryParse(string text, out object? value, out string problem)
    {
        value = null;
        if (!DurationText.TryParse(text, out var duration, out problem))
        {
            return false;
        }
        value = duration;
        if (duration >= DurationText.Parse(minimum) && duration <= DurationText.Parse(maximum))
        {
            return true;
        }
        problem = "which is out of range";
        return false;
    }

    public override void Describe(JsonSchema schema)
    {
        schema.Type = JsonObjectType.String;
        schema.Format = null;
        schema.Pattern = @"^(?=\d)(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$" + OrVariable;
        schema.Description += $" A duration from {minimum} to {maximum}.";
    }

    public override object? Format(object? value) => value is TimeSpan duration ? DurationText.Format(duration) : null;
}
