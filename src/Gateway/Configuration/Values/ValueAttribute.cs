using NJsonSchema;

namespace TlsGateway.Gateway.Configuration.Values;

/// <summary>
/// How one configuration value is written: it parses what the operator wrote and describes the same in the JSON schema, so that the checker and
/// the editor cannot disagree.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal abstract class ValueAttribute : Attribute
{
    /// <summary>What belongs here, to complete "Write …".</summary>
    public abstract string Expected { get; }

    /// <summary>A quoted value is text; only values that are text take it.</summary>
    public virtual bool IsText => true;

    /// <summary>Reads a value. On false, <paramref name="problem"/> completes "key is 'text', …".</summary>
    public abstract bool TryParse(string text, out object? value, out string problem);

    /// <summary>Restricts the property's schema to what <see cref="TryParse"/> takes.</summary>
    public abstract void Describe(JsonSchema schema);

    /// <summary>A default as the operator would write it: text or a number.</summary>
    public abstract object? Format(object? value);

    /// <summary>Schema patterns let environment variables through: what they hold is known only at start.</summary>
    protected const string OrVariable = @"|\$\{";
}
