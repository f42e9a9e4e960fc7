namespace TlsGateway.Actors.Inspection;

/// <summary>What a connection has of what is asked for.</summary>
/// <param name="Key">Units that only comparing needs.</param>
/// <param name="Id">The connection's.</param>
internal readonly record struct RankKey(long Key, ConnectionId Id);

/// <summary>Connections by what they have of something, the most first; of two that have the same, the older number has more.</summary>
internal static class RankOrder
{
    private static readonly Comparer<RankKey> s_mostFirst = Comparer<RankKey>.Create(Compare);

    /// <summary>
    /// Some of the order of all. The parts are merged as far as it goes and never put together: what ten thousand connections have would be a large object, and those are collected with the whole heap.
    /// </summary>
    /// <param name="parts">Sorted here.</param>
    /// <param name="offset">Those before it are left out.</param>
    /// <param name="limit">At most.</param>
    public static IReadOnlyList<ConnectionId> Page(IReadOnlyList<List<RankKey>> parts, int offset, int limit)
    {
        var page = new List<ConnectionId>();
        // The next of each part that has one.
        var heads = new PriorityQueue<(List<RankKey> Part, int At), RankKey>(parts.Count, s_mostFirst);
        foreach (var part in parts.Where(static part => part.Count > 0))
        {
            part.Sort(s_mostFirst);
            heads.Enqueue((part, 0), part[0]);
        }

        for (var passed = 0; page.Count < limit && heads.TryPeek(out var head, out var most); passed++)
        {
            if (passed >= offset)
                page.Add(most.Id);
            if (head.At + 1 < head.Part.Count)
                heads.DequeueEnqueue((head.Part, head.At + 1), head.Part[head.At + 1]);
            else
                heads.Dequeue();
        }

        return page;
    }

    private static int Compare(RankKey left, RankKey right)
    {
        if (left.Key != right.Key)
            return right.Key.CompareTo(left.Key);
        var numbers = left.Id.Number.CompareTo(right.Id.Number);
        return numbers != 0 ? numbers : left.Id.Loop.CompareTo(right.Id.Loop);
    }
}
