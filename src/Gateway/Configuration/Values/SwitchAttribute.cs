using NJsonSchema;

namespace TlsGateway.Gateway.Configuration.Values;

/// <summary>A <see cref="bool"/> written as true or false. YAML 1.1's yes, no, on and off are refused: tools disagree on them.</summary>
internal sealed class SwitchAttribute : ValueAttribute
{
    public override string Expected => "true or false";

    public override bool IsText => false;

    public override bool TryParse(string text, out object? value, out string problem)
    {
        value = text is "true";
        problem = text is "true" or "false" ? "" : "which is neither true nor false";
        return problem.Length == 0;
    }

    public override void Describe(JsonSchema schema)
    {
        schema.Type = JsonObjectType.Boolean | JsonObjectType.String;
        schema.Pattern = @"\$\{";
    }

    public override object? Format(object? value) => value;
}
