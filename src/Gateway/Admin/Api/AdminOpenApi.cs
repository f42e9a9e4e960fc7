using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace TlsGateway.Gateway.Admin.Api;

/// <summary>The admin API's OpenAPI document at <see cref="Path"/>, made from the endpoints themselves.</summary>
internal static class AdminOpenApi
{
    public const string Path = "/openapi.json";

    private const string Bearer = "bearer";

    public static void Add(IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(static json => AdminJson.Configure(json.SerializerOptions));
        services.AddOpenApi(static options =>
        {
            options.AddDocumentTransformer(DescribeAsync);
            options.AddOperationTransformer(ProtectAsync);
            options.AddSchemaTransformer(LeaveOutAsync);
        });
    }

    private static Task DescribeAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellation)
    {
        document.Info = new OpenApiInfo
        {
            Title = "TLS gateway, admin API",
            Version = GatewayVersion.Text,
            Description = "docs/ADMIN.md says who may do what. Times are seconds, amounts bytes.",
        };
        // Where it is reached is the caller's to know.
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
        {
            [Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = Bearer,
                Description =
                    "A token of admin.readTokenFile, or of admin.adminTokenFile for what changes something. None on loopback without such files.",
            },
        };
        return Task.CompletedTask;
    }

    /// <summary>What is null is not written, so it is not required.</summary>
    private static Task LeaveOutAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellation)
    {
        foreach (var property in context.JsonTypeInfo.Properties)
        {
            if (property.IsGetNullable || Nullable.GetUnderlyingType(property.PropertyType) is not null)
            {
                schema.Required?.Remove(property.Name);
            }
        }
        return Task.CompletedTask;
    }

    private static Task ProtectAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        if (!context.Description.ActionDescriptor.EndpointMetadata.OfType<ApiDescription.NeedsNoToken>().Any())
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] }];
        }
        return Task.CompletedTask;
    }
}
