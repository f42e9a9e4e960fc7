using Akka.Actor;
using TlsGateway.Actors.Usage;
using static TlsGateway.Actors.Inspection.InspectionProtocol;

namespace TlsGateway.Actors.Inspection;

/// <summary>Asks all loops, through the <see cref="InspectionGate"/>, and puts their answers together. Any thread.</summary>
/// <param name="loops">Their supervisors.</param>
/// <param name="timeout">How long a loop may take: it is stuck then.</param>
internal sealed class ConnectionInspector(IReadOnlyList<IActorRef> loops, TimeSpan timeout)
{
    private readonly InspectionGate _gate = new(TimeProvider.System);
    private readonly SharedLooks _looks = new();

    public Task<ConnectionPage> ListAsync(ConnectionFilter filter, ConnectionId? after, int limit) =>
        _looks.LookAsync((nameof(List), filter, after, limit), () => ReadListAsync(filter, after, limit));

    public Task<RankedConnections> RankAsync(ConnectionFilter filter, ConnectionSort sort, int offset, int limit) =>
        _looks.LookAsync((nameof(Rank), filter, sort, offset, limit), () => ReadRankAsync(filter, sort, offset, limit));

    public Task<ConnectionSnapshot?> FindAsync(ConnectionId id) =>
        id.Loop >= loops.Count
            ? Task.FromResult<ConnectionSnapshot?>(null)
            : _looks.LookAsync(
                (nameof(Find), id),
                async () => (await AskAsync<Found>(id.Loop, new Find(id.Number)).ConfigureAwait(false)).Connection
            );

    public Task<IReadOnlyDictionary<UsageQuestion, IReadOnlyList<UsageCount>>> ReadUsageAsync(int limit) =>
        _looks.LookAsync((nameof(AskUsage), limit), () => SumUsageAsync(limit));

    private Task<T> AskAsync<T>(int loop, object question) => _gate.AskAsync(() => loops[loop].Ask<Timed<T>>(question, timeout));

    private async Task<ConnectionPage> ReadListAsync(ConnectionFilter filter, ConnectionId? after, int limit)
    {
        var found = new List<ConnectionSnapshot>();
        var (loop, number) = after is { } id ? (id.Loop, id.Number) : (0, 0);
        while (loop < loops.Count)
        {
            var page = await AskAsync<ConnectionPage>(loop, new List(filter, number, limit - found.Count)).ConfigureAwait(false);
            found.AddRange(page.Connections);
            (loop, number) = page.Next is { } next ? (next.Loop, next.Number) : (loop + 1, 0);
            if (found.Count == limit)
                break;
        }

        return new ConnectionPage(found, loop < loops.Count ? new ConnectionId(loop, number) : null);
    }

    private async Task<RankedConnections> ReadRankAsync(ConnectionFilter filter, ConnectionSort sort, int offset, int limit)
    {
        var (total, size) = (0, offset + limit);
        // Of those chosen so far, the one with the least goes first.
        var chosen = new PriorityQueue<(long Key, ConnectionId Id), (long, ConnectionId)>(RankOrder.LeastFirst);
        for (var loop = 0; loop < loops.Count; loop++)
        {
            long? after = 0;
            while (after is { } number)
            {
                var ranked = await AskAsync<Ranked>(loop, new Rank(filter, sort, number)).ConfigureAwait(false);
                foreach (var (key, found) in ranked.Keys)
                {
                    var one = (key, new ConnectionId(loop, found));
                    if (chosen.Count < size)
                        chosen.Enqueue(one, one);
                    else
                        chosen.EnqueueDequeue(one, one);
                }

                total += ranked.Keys.Count;
                after = ranked.Next;
            }
        }

        // What goes last has the most.
        var page = new List<ConnectionId>(limit);
        while (chosen.Count > offset)
            page.Add(chosen.Dequeue().Id);
        page.Reverse();
        return new RankedConnections(await DescribeAsync(page).ConfigureAwait(false), total);
    }

    /// <summary>Connections as they are now, in this order; those that have ended are left out.</summary>
    private async Task<IReadOnlyList<ConnectionSnapshot>> DescribeAsync(IReadOnlyList<ConnectionId> ids)
    {
        var described = new Dictionary<ConnectionId, ConnectionSnapshot>();
        foreach (var loop in ids.GroupBy(static id => id.Loop))
        {
            foreach (var numbers in loop.Select(static id => id.Number).Chunk(LoopInspection.MaxDescribed))
            {
                var page = await AskAsync<ConnectionPage>(loop.Key, new Describe(numbers)).ConfigureAwait(false);
                foreach (var connection in page.Connections)
                    described.Add(connection.Id, connection);
            }
        }

        return [.. ids.Where(described.ContainsKey).Select(id => described[id])];
    }

    private async Task<IReadOnlyDictionary<UsageQuestion, IReadOnlyList<UsageCount>>> SumUsageAsync(int limit)
    {
        var questions = Enum.GetValues<UsageQuestion>();
        var sums = questions.ToDictionary(static question => question, static _ => new Dictionary<UsageKey, UsageCount>());
        for (var loop = 0; loop < loops.Count; loop++)
        {
            long? after = 0;
            while (after is { } number)
            {
                var answer = await AskAsync<UsageAnswer>(loop, new AskUsage(number)).ConfigureAwait(false);
                foreach (var question in questions)
                {
                    foreach (var count in answer.Counts[(int)question])
                    {
                        var sum = sums[question].GetValueOrDefault(count.Key);
                        sums[question][count.Key] = new UsageCount(count.Key, sum.Amount + count.Amount, sum.Error + count.Error);
                    }
                }

                after = answer.Next;
            }
        }

        return sums.ToDictionary(
            static one => one.Key,
            one => (IReadOnlyList<UsageCount>)[.. one.Value.Values.OrderByDescending(static count => count.Amount).Take(limit)]
        );
    }
}
