using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using TlsGateway.Actors;
using TlsGateway.Actors.Balancing;
using TlsGateway.Gateway.Admin.Api;
using TlsGateway.Gateway.Admin.Views;

namespace TlsGateway.Gateway.Admin;

/// <summary><c>/upstreams</c>: whereto connections go, and orders to their endpoints.</summary>
/// <param name="host">The data path; null before it is up.</param>
internal sealed class UpstreamsEndpoint(Func<GatewayHost?> host)
{
    private static readonly Dictionary<string, EndpointOrder> Known = Enum.GetValues<EndpointOrder>()
        .ToDictionary(static order => order.ToString().ToLowerInvariant(), StringComparer.Ordinal);

    public void Map(IEndpointRouteBuilder server)
    {
        server
            .Get("/upstreams", (HttpContext context) => AdminAnswer.ShowAsync(context, host(), UpstreamsView.Of))
            .Describes<UpstreamsView>("Endpoints and how they are, queues, counts.");
        server
            .Put(
                "/upstreams/{upstream}/endpoint",
                (
                    HttpContext context,
                    string upstream,
                    [Description("Of the endpoint, as /upstreams has it.")] string? address,
                    [Description("drain: no new connections; up or down: whatever its checks say; none: its checks decide again.")]
                        string? order
                ) => OrderAsync(context, upstream, address, order)
            )
            .Describes<UpstreamsView>(
                "Has connections go to an endpoint or not, until it is taken back or the process ends.",
                Status.BadRequest,
                Status.NotFound
            );
    }

    private Task OrderAsync(HttpContext context, string upstream, string? address, string? order) =>
        AdminAnswer.WithAsync(
            context,
            host(),
            running =>
            {
                if (address is null || !Known.TryGetValue(order ?? "", out var known) || context.Request.Query.Count != 2)
                {
                    return AdminJson.ProblemAsync(
                        context,
                        StatusCodes.Status400BadRequest,
                        $"The query takes address (of the endpoint, as /upstreams has it) and order ({string.Join(", ", Known.Keys)})."
                    );
                }
                return running.OrderEndpoint(upstream, address, known)
                    ? AdminJson.WriteAsync(context, StatusCodes.Status200OK, UpstreamsView.Of(running))
                    : AdminJson.ProblemAsync(
                        context,
                        StatusCodes.Status404NotFound,
                        "There is no such upstream, or no such endpoint of it. /upstreams has them."
                    );
            }
        );
}
