using Akka.Actor;
using TlsGateway.Actors.Connections;

namespace TlsGateway.Actors.Inspection;

/// <summary>The connections of one loop, in the order of their numbers. Used on that loop's thread only.</summary>
internal sealed class ConnectionTable
{
    private readonly Dictionary<long, TlsConnection> _byNumber = [];
    private TlsConnection? _first;
    private TlsConnection? _last;
    private long _lastNumber;

    /// <summary>Takes a connection in and numbers it.</summary>
    public void Add(TlsConnection connection)
    {
        connection.Number = ++_lastNumber;
        _byNumber.Add(connection.Number, connection);
        connection.PreviousInTable = _last;
        if (_last is { } last)
            last.NextInTable = connection;
        else
            _first = connection;
        _last = connection;
    }

    public void Remove(long number)
    {
        if (!_byNumber.Remove(number, out var connection))
            return;
        if (connection.PreviousInTable is { } previous)
            previous.NextInTable = connection.NextInTable;
        else
            _first = connection.NextInTable;
        if (connection.NextInTable is { } next)
            next.PreviousInTable = connection.PreviousInTable;
        else
            _last = connection.PreviousInTable;
        // A dead connection of an older generation of the heap would else keep all that came after it through each collection of the youngest.
        connection.PreviousInTable = connection.NextInTable = null;
    }

    /// <summary>Has a fiftieth of the connections closed, and ten at least: of those that are open with nothing in flight, the longest idle.</summary>
    public void CloseSomeForMemory(long now) => CloseLongestIdle(now, Math.Max(10, _byNumber.Count / 50), now, CloseForMemory.Instance);

    /// <summary>Has <paramref name="count"/> connections at most closed, of those with nothing in flight the longest idle.</summary>
    /// <param name="now">The time.</param>
    /// <param name="count">At most, 1 or more.</param>
    /// <param name="idleSince">Nothing has happened on them since then.</param>
    /// <param name="order">What they are told.</param>
    /// <param name="origin">Those that this member relays here; null: any.</param>
    /// <returns>How many were told.</returns>
    public int CloseLongestIdle(long now, int count, long idleSince, IDataPathMessage order, string? origin = null)
    {
        // The longest idle has the lowest instant; the head of the queue is the one that goes first when a longer idle one comes.
        var chosen = new PriorityQueue<TlsConnection, long>(Math.Min(count, _byNumber.Count) + 1);
        for (var connection = _first; connection is not null; connection = connection.NextInTable)
        {
            if (!connection.IsIdle(now) || connection.LastActivity > idleSince || (origin is not null && connection.RelayedFrom != origin))
                continue;
            if (chosen.Count < count)
                chosen.Enqueue(connection, -connection.LastActivity);
            else
                chosen.EnqueueDequeue(connection, -connection.LastActivity);
        }

        foreach (var (connection, _) in chosen.UnorderedItems)
            connection.Reference.Tell(order, ActorRefs.NoSender);
        return chosen.Count;
    }

    /// <summary>Has <paramref name="count"/> connections at most closed for those that other members could serve: the longest idle, then the oldest.</summary>
    /// <param name="now">The time.</param>
    /// <param name="count">At most, 1 or more.</param>
    /// <param name="idleSince">Idle ones: nothing has happened on them since then.</param>
    /// <param name="begunBefore">Old ones: they began before it.</param>
    public void Retire(long now, int count, long idleSince, long begunBefore)
    {
        var left = count - CloseLongestIdle(now, count, idleSince, CloseForBalance.Instance);
        // In the order in which they began.
        for (
            var connection = _first;
            left > 0 && connection is not null && connection.Began < begunBefore;
            connection = connection.NextInTable
        )
        {
            if (connection.IsIdle(now) && connection.LastActivity <= idleSince)
                continue;
            connection.Reference.Tell(CloseForBalance.Instance, ActorRefs.NoSender);
            left--;
        }
    }

    /// <summary>Has connections closed that a member relays here.</summary>
    public void CloseRelayed(string origin)
    {
        for (var connection = _first; connection is not null; connection = connection.NextInTable)
        {
            if (connection.RelayedFrom == origin)
                connection.Reference.Tell(CloseNow.Instance, ActorRefs.NoSender);
        }
    }

    public TlsConnection? Find(long number) => _byNumber.GetValueOrDefault(number);

    /// <summary>The first connection whose number is above <paramref name="number"/>; quick when that one is still there.</summary>
    public TlsConnection? After(long number)
    {
        if (_byNumber.TryGetValue(number, out var known))
            return known.NextInTable;
        var connection = _first;
        while (connection is not null && connection.Number <= number)
            connection = connection.NextInTable;
        return connection;
    }
}
