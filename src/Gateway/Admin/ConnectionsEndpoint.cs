using System.Globalization;
using System.Net;
using TlsGateway.Actors;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Routing;
using TlsGateway.Gateway.Hosting;

namespace TlsGateway.Gateway.Admin;

/// <summary>
/// <c>/connections</c>: what is open, and orders to one of them, each of which is logged.
/// </summary>
/// <param name="host">The data path; null before it is up.</param>
/// <param name="log">Gets a line for each order.</param>
internal sealed class ConnectionsEndpoint(Func<GatewayHost?> host, ILogger log)
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;

    /// <summary>Of a sorted list: as many may have to be remembered while all are looked at.</summary>
    private const int MaxOffset = 1_000_000;

    /// <summary>A server name has 253 characters at most.</summary>
    private const int MaxNameLength = 253;

    public void Map(WebApplication server)
    {
        server.MapGet("/connections", context => GuardedAsync(context, ListAsync));
        server.MapGet("/generations", context => GuardedAsync(context, ListGenerationsAsync));
        server.MapGet("/upstreams", context => GuardedAsync(context, ListUpstreamsAsync));
        server.MapGet("/connections/{id}", context => GuardedAsync(context, ShowAsync));
        server.MapPost("/connections/{id}/rehandshake", context => OrderAsync(context, ConnectionOrder.Rehandshake));
        server.MapPost("/connections/{id}/step-up", context => OrderAsync(context, ConnectionOrder.StepUp));
        server.MapPost("/connections/{id}/close", context => OrderAsync(context, ConnectionOrder.Close));
    }

    private async Task ListAsync(HttpContext context, GatewayHost running)
    {
        if (!TryReadQuery(context.Request.Query, out var query, out var problem))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, problem).ConfigureAwait(false);
            return;
        }
        if (query.Sort is { } sort)
        {
            var ranked = await running.RankConnectionsAsync(query.Filter, sort, query.Offset, query.Limit).ConfigureAwait(false);
            await AdminJson.WriteAsync(context, StatusCodes.Status200OK, ConnectionView.Of(ranked)).ConfigureAwait(false);
            return;
        }
        var page = await running.ListConnectionsAsync(query.Filter, query.After, query.Limit).ConfigureAwait(false);
        await AdminJson.WriteAsync(context, StatusCodes.Status200OK, ConnectionView.Of(page)).ConfigureAwait(false);
    }

    private static Task ListGenerationsAsync(HttpContext context, GatewayHost running) =>
        AdminJson.WriteAsync(context, StatusCodes.Status200OK, new { Current = running.Generation, running.Generations });

    private static Task ListUpstreamsAsync(HttpContext context, GatewayHost running) =>
        AdminJson.WriteAsync(context, StatusCodes.Status200OK, new { running.Upstreams });

    private static async Task ShowAsync(HttpContext context, GatewayHost running)
    {
        if (IdOf(context) is { } id && await running.FindConnectionAsync(id).ConfigureAwait(false) is { } found)
        {
            await AdminJson
                .WriteAsync(context, StatusCodes.Status200OK, ConnectionView.Of(found, withTimeline: true))
                .ConfigureAwait(false);
            return;
        }
        await RefuseAsync(context, StatusCodes.Status404NotFound, OrderAnswer.NotFound.Detail).ConfigureAwait(false);
    }

    private Task OrderAsync(HttpContext context, ConnectionOrder order) =>
        GuardedAsync(
            context,
            async (_, running) =>
            {
                var answer = IdOf(context) is { } id ? await running.OrderAsync(id, order).ConfigureAwait(false) : OrderAnswer.NotFound;
                log.ConnectionOrdered(
                    new IPEndPoint(context.Connection.RemoteIpAddress ?? IPAddress.None, context.Connection.RemotePort),
                    order,
                    IdOf(context)?.ToString() ?? "none",
                    answer.Outcome,
                    answer.Detail
                );
                var status = answer.Outcome switch
                {
                    OrderOutcome.Accepted => StatusCodes.Status202Accepted,
                    OrderOutcome.Refused => StatusCodes.Status409Conflict,
                    _ => StatusCodes.Status404NotFound,
                };
                if (answer.Outcome == OrderOutcome.Accepted)
                {
                    context.Response.StatusCode = status;
                    return;
                }
                await RefuseAsync(context, status, answer.Detail).ConfigureAwait(false);
            }
        );

    private Task GuardedAsync(HttpContext context, Func<HttpContext, GatewayHost, Task> answer) =>
        host() is { } running
            ? answer(context, running)
            : RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "The gateway is starting or stopping.");

    private static ConnectionId? IdOf(HttpContext context) =>
        ConnectionId.TryParse(context.Request.RouteValues["id"] as string, out var id) ? id : null;

    private static bool TryReadQuery(
        IQueryCollection query,
        out (ConnectionFilter Filter, ConnectionSort? Sort, ConnectionId? After, int Offset, int Limit) read,
        out string problem
    )
    {
        read = default;
        problem = "";
        bool? stalled = null;
        ConnectionId? after = null;
        ConnectionSort? sort = null;
        PrefixTable? clients = null;
        var (limit, offset) = (DefaultLimit, 0);
        foreach (var (name, value) in query)
        {
            switch (name)
            {
                case "listener":
                    break;
                case "serverName" when value.Count == 1 && value[0]!.Length is > 0 and <= MaxNameLength:
                    break;
                case "client" when ClientNetwork.Parse(value.ToString()) is { } networks:
                    clients = networks;
                    break;
                case "offset"
                    when query.ContainsKey("sort")
                        && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out offset)
                        && offset <= MaxOffset:
                    break;
                case "stalled" when bool.TryParse(value, out var isStalled):
                    stalled = isStalled;
                    break;
                case "sort"
                    when !query.ContainsKey("after")
                        && Enum.TryParse<ConnectionSort>(value, ignoreCase: true, out var by)
                        && !int.TryParse(value, out _):
                    sort = by;
                    break;
                case "after" when ConnectionId.TryParse(value, out var id):
                    after = id;
                    break;
                case "limit"
                    when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= MaxLimit:
                    break;
                default:
                    problem =
                        $"The query takes listener (a name), stalled (true or false), client (an address or a network such as 192.0.2.0/24), serverName (a part of one), limit (1 to {MaxLimit}), and after (an id such as 0-17) or sort (stall, stalled, bytes or age) with offset, and this is none of them, or not with that value.";
                    return false;
            }
        }
        ConnectionFilter filter = new(query["listener"].FirstOrDefault(), stalled, clients, query["serverName"].FirstOrDefault());
        read = (filter, sort, after, offset, limit);
        return true;
    }

    private static Task RefuseAsync(HttpContext context, int status, string detail) => AdminJson.ProblemAsync(context, status, detail);
}
