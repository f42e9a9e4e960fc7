using System.ComponentModel;
using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Routing;

namespace TlsGateway.Gateway.Admin;

/// <summary>The query of <c>/connections</c>, as text: what is wrong with it is said in words.</summary>
internal sealed record ConnectionQuery(
    [property: FromQuery(Name = "listener"), Description("Of this listener.")] string? Listener,
    [property: FromQuery(Name = "stalled"), Description("true: stalled now; false: not.")] string? Stalled,
    [property: FromQuery(Name = "client"), Description("Of this address or network, such as 192.0.2.0/24.")] string? Client,
    [property: FromQuery(Name = "serverName"), Description("With this in the server name that was asked for, in any case.")]
        string? ServerName,
    [property: FromQuery(Name = "sort"), Description("stall (that runs), stalled (in all), bytes or age: the most first.")] string? Sort,
    [property: FromQuery(Name = "offset"), Description("With sort: so many with more are left out, 0 to 1000000.")] string? Offset,
    [property: FromQuery(Name = "after"), Description("Without sort: those after this one, the next of the page before.")] string? After,
    [property: FromQuery(Name = "limit"), Description("At most so many, 1 to 1000; 100 if absent.")] string? Limit
)
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;

    /// <summary>As many may have to be remembered while all are looked at.</summary>
    private const int MaxOffset = 1_000_000;

    /// <summary>A server name has 253 characters at most.</summary>
    private const int MaxNameLength = 253;

    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "listener",
        "stalled",
        "client",
        "serverName",
        "sort",
        "offset",
        "after",
        "limit",
    };

    /// <summary>What it asks for; <see cref="Asked.Problem"/> when that cannot be said.</summary>
    public Asked Read(IQueryCollection all)
    {
        var limit = Number(Limit, DefaultLimit);
        var offset = Number(Offset, 0);
        bool? stalled = bool.TryParse(Stalled, out var isStalled) ? isStalled : null;
        var clients = Client is null ? null : ClientNetwork.Parse(Client);
        ConnectionSort? sort = Enum.TryParse<ConnectionSort>(Sort, ignoreCase: true, out var by) && !int.TryParse(Sort, out _) ? by : null;
        ConnectionId? after = ConnectionId.TryParse(After, out var id) ? id : null;
        string? wrong =
            all.Keys.FirstOrDefault(static key => !Names.Contains(key)) is { } unknown ? unknown
            : limit is < 1 or > MaxLimit ? "limit"
            : offset is < 0 or > MaxOffset || (Offset is not null && sort is null) ? "offset"
            : (Stalled is null) != (stalled is null) ? "stalled"
            : (Client is null) != (clients is null) ? "client"
            : (Sort is null) != (sort is null) ? "sort"
            : (After is null) != (after is null) || (after is not null && sort is not null) ? "after"
            : ServerName is { Length: 0 or > MaxNameLength } ? "serverName"
            : null;
        return wrong is null
            ? new Asked(new ConnectionFilter(Listener, stalled, clients, ServerName), sort, after, offset, limit, null)
            : new Asked(new ConnectionFilter(), null, null, 0, 0, Explain(wrong));
    }

    /// <summary>-1 where it is no number.</summary>
    private static int Number(string? text, int absent) =>
        text is null ? absent
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : -1;

    /// <summary>Does not repeat what the caller sent, but for names of ours.</summary>
    private static string Explain(string wrong) =>
        $"{(Names.Contains(wrong) ? $"{wrong} has not such a value" : "There is no such parameter")}. The query takes listener (a name), stalled (true or false), client (an address or a network such as 192.0.2.0/24), serverName (a part of one), limit (1 to {MaxLimit}), and after (an id such as 0-17) or sort (stall, stalled, bytes or age) with offset (0 to {MaxOffset}).";

    /// <summary>What a query asks for.</summary>
    internal sealed record Asked(
        ConnectionFilter Filter,
        ConnectionSort? Sort,
        ConnectionId? After,
        int Offset,
        int Limit,
        string? Problem
    );
}
