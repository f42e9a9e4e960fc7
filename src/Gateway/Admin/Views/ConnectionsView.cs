using TlsGateway.Actors.Inspection;

namespace TlsGateway.Gateway.Admin.Views;

/// <summary>Some of the open connections.</summary>
/// <param name="Connections">They.</param>
/// <param name="Next">Ask for those after this one; absent: there are no more, or the list is sorted.</param>
/// <param name="Total">Of a sorted list: all that have something of what it is sorted by.</param>
internal sealed record ConnectionsView(IReadOnlyList<ConnectionView> Connections, string? Next, int? Total)
{
    public static ConnectionsView Of(ConnectionPage page) =>
        new([.. page.Connections.Select(static one => ConnectionView.Of(one))], page.Next?.ToString(), null);

    public static ConnectionsView Of(RankedConnections ranked) =>
        new([.. ranked.Connections.Select(static one => ConnectionView.Of(one))], null, ranked.Total);
}
