using Akka.Actor;
using TlsGateway.Actors.Connections;
using TlsGateway.Actors.Usage;
using static TlsGateway.Actors.Inspection.InspectionProtocol;

namespace TlsGateway.Actors.Inspection;

/// <summary>Answers questions about one loop's connections, each in a bounded part of the loop's turn. The loop's thread only.</summary>
internal sealed class LoopInspection(LoopContext loop)
{
    /// <summary>Connections looked at for one answer; a filter that few pass is asked again from where it came to.</summary>
    private const int MaxVisited = 1000;

    /// <summary>Connections described for one answer: each costs some microseconds.</summary>
    internal const int MaxDescribed = 50;

    /// <summary>Null: it is no question of this kind.</summary>
    public object? Answer(object question) =>
        question switch
        {
            List query => Time(query, Look),
            Rank query => Time(query, Look),
            Describe query => Time(query, Look),
            AskUsage query => Time(query, Look),
            Find query => Time(query, Look),
            _ => null,
        };

    private Timed<TAnswer> Time<TQuestion, TAnswer>(TQuestion question, Func<TQuestion, TAnswer> look)
    {
        var began = loop.Loop.ReadTimestamp();
        var answer = look(question);
        return new Timed<TAnswer>(answer, loop.Loop.ReadTimestamp() - began);
    }

    private ConnectionPage Look(List query)
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

    private Ranked Look(Rank query)
    {
        var last = query.After;
        var connection = loop.Connections.After(query.After);
        var keys = new List<RankKey>();
        for (var visited = 0; connection is not null && visited < MaxVisited; visited++)
        {
            last = connection.Number;
            if (connection.Passes(query.Filter) && connection.SortKey(query.Sort) is var key and > 0)
                keys.Add(new RankKey(key, new ConnectionId(loop.Loop.Index, last)));
            connection = connection.NextInTable;
        }

        return new Ranked(keys, connection is null ? null : last);
    }

    private ConnectionPage Look(Describe query)
    {
        var now = loop.Loop.ReadTimestamp();
        return new ConnectionPage(
            [.. query.Numbers.Take(MaxDescribed).Select(loop.Connections.Find).OfType<TlsConnection>().Select(one => one.Describe(now))],
            null
        );
    }

    private UsageAnswer Look(AskUsage query)
    {
        var now = loop.Loop.ReadTimestamp();
        var counts = Enum.GetValues<UsageQuestion>()
            .Select(question => query.After == 0 ? loop.Usage.Counts(question, now).ToList() : [])
            .ToList();
        var last = query.After;
        var connection = loop.Connections.After(query.After);
        for (var visited = 0; connection is not null && visited < MaxVisited; visited++)
        {
            last = connection.Number;
            if (connection.StalledNanos is var stalled and > 0)
                counts[(int)UsageQuestion.StalledNanos].Add(new UsageCount(connection.UsageKeyOf(), stalled, 0));
            connection = connection.NextInTable;
        }

        return new UsageAnswer(counts, connection is null ? null : last);
    }

    private Found Look(Find query) => new(loop.Connections.Find(query.Number)?.Describe(loop.Loop.ReadTimestamp()));

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
