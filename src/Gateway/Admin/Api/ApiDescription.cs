using System.Net.Mime;
using TlsGateway.Gateway.Admin.Views;

namespace TlsGateway.Gateway.Admin.Api;

/// <summary>Answers that say what is wrong.</summary>
internal enum Status
{
    BadRequest = StatusCodes.Status400BadRequest,
    NotFound = StatusCodes.Status404NotFound,
    Conflict = StatusCodes.Status409Conflict,
}

/// <summary>What the OpenAPI document says of an endpoint. Answers are written by <see cref="AdminJson"/>; a test holds them against it.</summary>
internal static class ApiDescription
{
    private const string Problem = "application/problem+json";

    // A handler whose only parameter is the HttpContext is else taken for a RequestDelegate, which no document describes.
    public static RouteHandlerBuilder Get(this IEndpointRouteBuilder server, string path, Delegate handler) => server.MapGet(path, handler);

    public static RouteHandlerBuilder Post(this IEndpointRouteBuilder server, string path, Delegate handler) =>
        server.MapPost(path, handler);

    public static RouteHandlerBuilder Put(this IEndpointRouteBuilder server, string path, Delegate handler) => server.MapPut(path, handler);

    /// <summary>It answers 200 with <typeparamref name="T"/>.</summary>
    public static RouteHandlerBuilder Describes<T>(this RouteHandlerBuilder endpoint, string summary, params Status[] problems) =>
        endpoint.Produces<T>(StatusCodes.Status200OK, MediaTypeNames.Application.Json).Explain(summary, problems);

    /// <summary>It answers 202: begun.</summary>
    public static RouteHandlerBuilder Orders(this RouteHandlerBuilder endpoint, string summary, params Status[] problems) =>
        endpoint.Produces(StatusCodes.Status202Accepted).Explain(summary, problems);

    /// <summary>Health, which needs no token.</summary>
    public static RouteHandlerBuilder Health(this RouteHandlerBuilder endpoint, string summary) =>
        endpoint.WithSummary(summary).WithMetadata(new NeedsNoToken()).Produces<string>(StatusCodes.Status200OK, MediaTypeNames.Text.Plain);

    private static RouteHandlerBuilder Explain(this RouteHandlerBuilder endpoint, string summary, Status[] problems)
    {
        endpoint.WithSummary(summary);
        foreach (var problem in problems)
        {
            endpoint.Produces<ProblemView>((int)problem, Problem);
        }
        return endpoint
            .Produces<ProblemView>(StatusCodes.Status401Unauthorized, Problem)
            .Produces<ProblemView>(StatusCodes.Status503ServiceUnavailable, Problem);
    }

    /// <summary>Marks an endpoint that is for everybody.</summary>
    internal sealed class NeedsNoToken;
}
