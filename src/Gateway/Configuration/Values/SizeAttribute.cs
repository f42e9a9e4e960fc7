using NJsonSchema;

namespace TlsGateway.Gateway.Configuration.Values;

/// <summary>A count of bytes in an <see cref="int"/>, or a <see cref="long"/> where it is <see cref="Wide"/>, written as 65536, 64KiB or 1MiB, within an inclusive range.</summary>
internal sealed class SizeAttribute(string minimum, string maximum) : ValueAttribute
{
    public bool Wide { get; init; }

    public override string Expected => $"a size from {minimum} to {maximum}, in bytes or with KiB, MiB or GiB";

    public override bool TryParse(string text, out object? value, out string problem)
    {
        value = null;
        if (!SizeText.TryParse(text, out var bytes, out problem))
        {
            return false;
        }
        if (bytes < SizeText.Parse(minimum) || bytes > SizeText.Parse(maximum))
        {
            problem = "which is out of range";
            return false;
        }
        value = Wide ? (object)bytes : checked((int)bytes);
        return true;
    }

    public override void Describe(JsonSchema schema)
    {
        schema.Type = JsonObjectType.String | JsonObjectType.Integer;
        schema.Format = null;
        schema.Pattern = @"^\d+(KiB|MiB|GiB)?$" + OrVariable;
        schema.Minimum = SizeText.Parse(minimum);
        schema.Maximum = SizeText.Parse(maximum);
        schema.Description += $" A size from {minimum} to {maximum}.";
    }

    public override object? Format(object? value) =>
        value switch
        {
            int bytes => SizeText.Format(bytes),
            long bytes => SizeText.Format(bytes),
            _ => null,
        };
}
