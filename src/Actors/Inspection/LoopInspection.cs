using Akka.Actor;
using TlsGateway.Actors.Connections;
using static TlsGateway.Actors.Inspection.InspectionProtocol;

namespace TlsGateway.Actors.Inspection;

/// <summary>Answers questions about one loop's connections, each in a bounded part of the loop's turn. The loop's thread only.</summary>
internal sealed class LoopInspection(LoopContext loop)
{
    /// <summary>Connections looked at for one answer; a filter that few pass is asked again from where it came to.</summary>
    private const int MaxVisited = 1000;

    /// <summary>Connections described for one answer: each costs some 20 µs, its fingerprints' digests above all.</summary>
    private const int MaxDescribed = 50;

    public ConnectionPage Answer(List query)
    {
        var found = new List<ConnectionSnapshot>();
        var now = loop.Loop.ReadTimestamp();
        var last = query.After;
        var connection = loop.Connections.After(query.After);
        var limit = Math.Min(query.Limit, MaxDescribed);
        for (var visited = 0; connection is not null && visited < MaxVisited && found.Count < limit; visited++)
        {
            last = connection.Number;
            if (connection.Passes(query.Filter))
                found.Add(connection.Describe(now));
            connection = connection.NextInTable;
        }

        return new ConnectionPage(found, connection is null ? null : new ConnectionId(loop.Loop.Index, last));
    }

    public Ranked Answer(Top query)
    {
        var now = loop.Loop.ReadTimestamp();
        var last = query.After;
        var connection = loop.Connections.After(query.After);
        var limit = Math.Min(query.Limit, MaxDescribed);
        // The least of those that were chosen goes first.
        var chosen = new PriorityQueue<TlsConnection, long>(limit + 1);
        for (var visited = 0; connection is not null && visited < MaxVisited; visited++)
        {
            last = connection.Number;
            if (connection.Passes(query.Filter) && connection.SortKey(query.Sort, now) is var key && key > query.Floor)
            {
                if (chosen.Count < limit)
                    chosen.Enqueue(connection, key);
                else
                    chosen.EnqueueDequeue(connection, key);
            }

            connection = connection.NextInTable;
        }

        return new Ranked(
            [.. chosen.UnorderedItems.Select(one => (one.Priority, one.Element.Describe(now)))],
            connection is null ? null : last
        );
    }

    public Found Answer(Find query) => new(loop.Connections.Find(query.Number)?.Describe(loop.Loop.ReadTimestamp()));

    public void PassOn(Order order, IActorRef observer)
    {
        if (loop.Connections.Find(order.Number) is not { } connection)
        {
            observer.Tell(OrderAnswer.NotFound);
            return;
        }

        IDataPathMessage message = order.What switch
        {
            ConnectionOrder.Rehandshake => Rehandshake.Instance,
            ConnectionOrder.StepUp => RequestClientCertificate.Instance,
            ConnectionOrder.Close => CloseByOrder.Instance,
            _ => throw new InvalidOperationException("no such order"),
        };
        connection.Reference.Tell(message, observer);
    }
}
