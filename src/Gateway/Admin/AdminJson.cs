using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.WebUtilities;
using TlsGateway.Gateway.Admin.Views;

namespace TlsGateway.Gateway.Admin;

/// <summary>The admin endpoint's JSON: camelCase, nulls left out; errors as RFC 9457.</summary>
internal static class AdminJson
{
    private static readonly JsonSerializerOptions Options = Create();

    /// <summary>Makes options write as this does.</summary>
    public static void Configure(JsonSerializerOptions options)
    {
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.WriteIndented = true;
    }

    public static async Task WriteAsync<T>(HttpContext context, int status, T value, string contentType = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.Headers.CacheControl = "no-store";
        await JsonSerializer.SerializeAsync(context.Response.Body, value, Options, context.RequestAborted).ConfigureAwait(false);
        await context.Response.WriteAsync("\n", context.RequestAborted).ConfigureAwait(false);
    }

    public static Task ProblemAsync(HttpContext context, int status, string detail) =>
        WriteAsync(context, status, new ProblemView(ReasonPhrases.GetReasonPhrase(status), status, detail), "application/problem+json");

    private static JsonSerializerOptions Create()
    {
        JsonSerializerOptions options = new(JsonSerializerDefaults.Web);
        Configure(options);
        return options;
    }
}
