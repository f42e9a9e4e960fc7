using System.Text.Json;
using NJsonSchema;
using NJsonSchema.Generation;
using TlsGateway.Gateway.Configuration.Options;

namespace TlsGateway.Gateway.Configuration.Schema;

/// <summary>The JSON schema that editors check and complete the YAML file with, made from the options types.</summary>
internal static class ConfigurationSchema
{
    /// <summary>The schema as indented JSON, with a newline at its end. The same in every run.</summary>
    public static string Generate()
    {
        SystemTextJsonSchemaGeneratorSettings settings = new()
        {
            SerializerOptions = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.CamelCase },
            DefaultReferenceTypeNullHandling = ReferenceTypeNullHandling.NotNull,
            FlattenInheritanceHierarchy = true,
            SchemaProcessors = { new OptionsSchemaProcessor() },
        };
        var schema = new JsonSchemaGenerator(settings).Generate(typeof(GatewayOptions));
        schema.Title = "TLS gateway configuration";
        return schema.ToJson().ReplaceLineEndings("\n") + "\n";
    }
}
