using System.Reflection;
using NJsonSchema;
using NJsonSchema.Generation;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Configuration.Reading;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Schema;

/// <summary>Puts into each property's schema what its <see cref="ValueAttribute"/> knows, and its default.</summary>
internal sealed class OptionsSchemaProcessor : ISchemaProcessor
{
    public void Process(SchemaProcessorContext context)
    {
        var type = context.ContextualType.Type;
        // A type that is used again comes as a reference to the schema that has been seen to.
        if (!type.IsAssignableTo(typeof(PositionedOptions)) || context.Schema.HasReference)
        {
            return;
        }
        var defaults = Activator.CreateInstance(type);
        foreach (var property in type.GetProperties())
        {
            var schema = context.Schema.Properties[OptionsReader.KeyOf(property)];
            if (property.GetCustomAttribute<ValueAttribute>() is { } rule)
            {
                rule.Describe(schema);
                schema.Default = rule.Format(property.GetValue(defaults));
            }
            if (property.GetCustomAttribute<WordOrListAttribute>() is { } wordOrList)
            {
                AllowWord(schema, wordOrList.Word);
            }
        }
    }

    /// <summary>The list's own schema moves into one of two alternatives.</summary>
    private static void AllowWord(JsonSchemaProperty schema, string word)
    {
        JsonSchema list = new()
        {
            Type = JsonObjectType.Array,
            Item = schema.Item,
            MinItems = 1,
        };
        JsonSchema text = new() { Type = JsonObjectType.String, Pattern = $@"^{word}$|\$\{{" };
        schema.Type = JsonObjectType.None;
        schema.Item = null;
        schema.AnyOf.Add(text);
        schema.AnyOf.Add(list);
    }
}
