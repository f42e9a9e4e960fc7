using Microsoft.AspNetCore.Mvc;
using TlsGateway.Actors;
using TlsGateway.Actors.Inspection;
using TlsGateway.Gateway.Admin.Api;
using TlsGateway.Gateway.Admin.Views;

namespace TlsGateway.Gateway.Admin;

/// <summary><c>/connections</c>: what is open, and orders to one of them; <c>/usage</c>: who uses what.</summary>
/// <param name="host">The data path; null before it is up.</param>
internal sealed class ConnectionsEndpoint(Func<GatewayHost?> host)
{
    /// <summary>Of each list of <c>/usage</c>.</summary>
    private const int MaxUsers = 50;

    public void Map(IEndpointRouteBuilder server)
    {
        server
            .Get("/connections", (HttpContext context, [AsParameters] ConnectionQuery query) => ListAsync(context, query))
            .Describes<ConnectionsView>("Open connections, a page in the order of their ids or the first by something.", Status.BadRequest);
        server
            .Get("/connections/{id}", (HttpContext context, string id) => ShowAsync(context, id))
            .Describes<ConnectionView>("One connection with its timeline.", Status.NotFound);
        server
            .Post("/connections/{id}/rehandshake", (HttpContext context, string id) => OrderAsync(context, id, ConnectionOrder.Rehandshake))
            .Orders("Renews a connection's keys: renegotiation on TLS 1.2, KeyUpdate on TLS 1.3.", Status.NotFound, Status.Conflict);
        server
            .Post("/connections/{id}/step-up", (HttpContext context, string id) => OrderAsync(context, id, ConnectionOrder.StepUp))
            .Orders("Asks a connection's client for its certificate.", Status.NotFound, Status.Conflict);
        server
            .Post("/connections/{id}/close", (HttpContext context, string id) => OrderAsync(context, id, ConnectionOrder.Close))
            .Orders("Sends what is owed and close_notify, then closes.", Status.NotFound, Status.Conflict);
        server
            .Get("/usage", (HttpContext context) => UsageAsync(context))
            .Describes<UsageView>("Who still uses what, in the last ten to twenty minutes.");
    }

    private Task ListAsync(HttpContext context, ConnectionQuery query) =>
        AdminAnswer.WithAsync(
            context,
            host(),
            async running =>
            {
                var asked = query.Read(context.Request.Query);
                if (asked.Problem is { } problem)
                {
                    await AdminJson.ProblemAsync(context, StatusCodes.Status400BadRequest, problem).ConfigureAwait(false);
                    return;
                }
                var shown = asked.Sort is { } sort
                    ? ConnectionsView.Of(
                        await running.RankConnectionsAsync(asked.Filter, sort, asked.Offset, asked.Limit).ConfigureAwait(false)
                    )
                    : ConnectionsView.Of(await running.ListConnectionsAsync(asked.Filter, asked.After, asked.Limit).ConfigureAwait(false));
                await AdminJson.WriteAsync(context, StatusCodes.Status200OK, shown).ConfigureAwait(false);
            }
        );

    private Task ShowAsync(HttpContext context, string id) =>
        AdminAnswer.WithAsync(
            context,
            host(),
            async running =>
            {
                if (ConnectionId.TryParse(id, out var known) && await running.FindConnectionAsync(known).ConfigureAwait(false) is { } found)
                {
                    await AdminJson
                        .WriteAsync(context, StatusCodes.Status200OK, ConnectionView.Of(found, withTimeline: true))
                        .ConfigureAwait(false);
                    return;
                }
                await AdminJson.ProblemAsync(context, StatusCodes.Status404NotFound, OrderAnswer.NotFound.Detail).ConfigureAwait(false);
            }
        );

    private Task OrderAsync(HttpContext context, string id, ConnectionOrder order) =>
        AdminAnswer.WithAsync(
            context,
            host(),
            async running =>
            {
                var answer = ConnectionId.TryParse(id, out var known)
                    ? await running.OrderAsync(known, order).ConfigureAwait(false)
                    : OrderAnswer.NotFound;
                if (answer.Outcome == OrderOutcome.Accepted)
                {
                    context.Response.StatusCode = StatusCodes.Status202Accepted;
                    return;
                }
                var status = answer.Outcome == OrderOutcome.Refused ? StatusCodes.Status409Conflict : StatusCodes.Status404NotFound;
                await AdminJson.ProblemAsync(context, status, answer.Detail).ConfigureAwait(false);
            }
        );

    private Task UsageAsync(HttpContext context) =>
        AdminAnswer.WithAsync(
            context,
            host(),
            async running =>
                await AdminJson
                    .WriteAsync(
                        context,
                        StatusCodes.Status200OK,
                        UsageView.Of(await running.ReadUsageAsync(MaxUsers).ConfigureAwait(false))
                    )
                    .ConfigureAwait(false)
        );
}
