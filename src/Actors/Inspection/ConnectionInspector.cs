using Akka.Actor;
using TlsGateway.Actors.Usage;
using static TlsGateway.Actors.Inspection.InspectionProtocol;

namespace TlsGateway.Actors.Inspection;

/// <summary>Asks all loops, each through its <see cref="InspectionGate"/>, and puts their answers together. Any thread.</summary>
/// <param name="loops">Their supervisors.</param>
/// <param name="timeout">How long a loop may take: it is stuck then.</param>
internal sealed class ConnectionInspector(IReadOnlyList<IActorRef> loops, TimeSpan timeout)
{
    private readonly InspectionGate[] _gates = [.. loops.Select(static _ => new InspectionGate(TimeProvider.System))];
    private readonly SharedLooks _looks = new();

    /// <summary>One at a time: each holds what all connections have, and more at once would not be quicker.</summary>
    private readonly InspectionGate _ranks = new(TimeProvider.System);

    public Task<ConnectionPage> ListAsync(ConnectionFilter filter, ConnectionId? after, int limit) =>
        _looks.LookAsync((nameof(List), filter, after, limit), () => ReadListAsync(filter, after, limit));

    public Task<RankedConnections> RankAsync(ConnectionFilter filter, ConnectionSort sort, int offset, int limit) =>
        _looks.LookAsync(
            (nameof(Rank), filter, sort, offset, limit),
            () =>
                _ranks.AskAsync(async () =>
                    new Timed<RankedConnections>(await ReadRankAsync(filter, sort, offset, limit).ConfigureAwait(false), 0)
                )
        );

    public Task<ConnectionSnapshot?> FindAsync(ConnectionId id) =>
        id.Loop >= loops.Count
            ? Task.FromResult<ConnectionSnapshot?>(null)
            : _looks.LookAsync(
                (nameof(Find), id),
                async () => (await AskAsync<Found>(id.Loop, new Find(id.Number)).ConfigureAwait(false)).Connection
            );

    public Task<IReadOnlyDictionary<UsageQuestion, IReadOnlyList<UsageCount>>> ReadUsageAsync(int limit) =>
        _looks.LookAsync((nameof(AskUsage), limit), () => SumUsageAsync(limit));

    private Task<T> AskAsync<T>(int loop, object question) => _gates[loop].AskAsync(() => loops[loop].Ask<Timed<T>>(question, timeout));

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
        var looks = await Task.WhenAll(Enumerable.Range(0, loops.Count).Select(loop => RankLoopAsync(loop, filter, sort)))
            .ConfigureAwait(false);
        var parts = looks.SelectMany(static parts => parts).ToList();
        var page = RankOrder.Page(parts, offset, limit);
        return new RankedConnections(await DescribeAsync(page).ConfigureAwait(false), parts.Sum(static part => part.Count));
    }

    /// <summary>What a loop's connections have of it, as it came: each part is small.</summary>
    private async Task<IReadOnlyList<List<RankKey>>> RankLoopAsync(int loop, ConnectionFilter filter, ConnectionSort sort)
    {
        var parts = new List<List<RankKey>>();
        long? after = 0;
        while (after is { } number)
        {
            var ranked = await AskAsync<Ranked>(loop, new Rank(filter, sort, number)).ConfigureAwait(false);
            parts.Add(ranked.Keys);
            after = ranked.Next;
        }

        return parts;
    }

    /// <summary>Connections as they are now, in this order; those that have ended are left out.</summary>
    private async Task<IReadOnlyList<ConnectionSnapshot>> DescribeAsync(IReadOnlyList<ConnectionId> ids)
    {
        var parts = await Task.WhenAll(
                ids.GroupBy(static id => id.Loop)
                    .SelectMany(loop =>
                        loop.Select(static id => id.Number)
                            .Chunk(LoopInspection.MaxDescribed)
                            .Select(numbers => AskAsync<ConnectionPage>(loop.Key, new Describe(numbers)))
                    )
            )
            .ConfigureAwait(false);
        var described = parts.SelectMany(static part => part.Connections).ToDictionary(static connection => connection.Id);
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
