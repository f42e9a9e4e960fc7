namespace TlsGateway.Actors.Inspection;

/// <summary>Connections by what they have of something; of two that have the same, the older number has more.</summary>
internal static class RankOrder
{
    public static IComparer<(long Key, ConnectionId Id)> LeastFirst { get; } = Comparer<(long Key, ConnectionId Id)>.Create(Compare);

    private static int Compare((long Key, ConnectionId Id) left, (long Key, ConnectionId Id) right) =>
        left.Key != right.Key ? left.Key.CompareTo(right.Key) : (right.Id.Number, right.Id.Loop).CompareTo((left.Id.Number, left.Id.Loop));
}
