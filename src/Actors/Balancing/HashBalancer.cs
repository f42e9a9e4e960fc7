namespace TlsGateway.Actors.Balancing;

/// <summary>
/// Maglev hashing (Eisenbud et al., NSDI 2016, §3.4): each endpoint fills slots of a table in an order of its own, by turns in the measure of its weight; a key's slot says where it goes. Shares
/// differ by little, and when an endpoint comes or goes nearly all other keys stay.
/// </summary>
/// <remarks>A table costs 2 bytes a slot. The order of an endpoint follows from its address, so all members of a fleet have the same table.</remarks>
internal sealed class HashBalancer : Balancer
{
    /// <summary>A prime, at least a hundred times as many as endpoints are usual (§5.3).</summary>
    internal const int Slots = 65_537;

    private readonly ushort[] _table;

    public HashBalancer(IReadOnlyList<EndpointChoice> endpoints)
        : base([.. endpoints.OrderBy(static e => e.Endpoint.Identity)])
    {
        if (Endpoints.Length > ushort.MaxValue)
            throw new ArgumentException($"more than {ushort.MaxValue} endpoints", nameof(endpoints));
        _table = Endpoints.Length == 0 ? [] : Fill(Endpoints);
    }

    public override Endpoint? Choose(ulong key, in Candidates candidates)
    {
        if (_table.Length == 0)
            return null;
        // Whose endpoint cannot be had goes on to another one that is as settled: the keys of a dead endpoint spread over all others.
        for (var attempt = 0UL; attempt < 64; attempt++)
        {
            var endpoint = Endpoints[_table[(int)(StableHash.Of(key, attempt, 0) % Slots)]].Endpoint;
            if (candidates.Contains(endpoint))
                return endpoint;
        }

        foreach (var choice in Endpoints)
        {
            if (candidates.Contains(choice.Endpoint))
                return choice.Endpoint;
        }

        return null;
    }

    private static ushort[] Fill(EndpointChoice[] endpoints)
    {
        const ushort Free = ushort.MaxValue;
        var table = new ushort[Slots];
        Array.Fill(table, Free);
        var heaviest = endpoints.Max(static e => e.Weight);
        var offsets = Array.ConvertAll(endpoints, static e => (int)(StableHash.Of(e.Endpoint.Identity, 1, 0) % Slots));
        var skips = Array.ConvertAll(endpoints, static e => (int)(StableHash.Of(e.Endpoint.Identity, 2, 0) % (Slots - 1)) + 1);
        var turns = new long[endpoints.Length];
        for (var (filled, round) = (0, 1L); ; round++)
        {
            for (var i = 0; i < endpoints.Length; i++)
            {
                // The heaviest has a turn in each round, one of half its weight in every second.
                if (round * endpoints[i].Weight < (turns[i] + 1) * heaviest)
                    continue;
                turns[i]++;
                while (table[offsets[i]] != Free)
                    offsets[i] = (offsets[i] + skips[i]) % Slots;
                table[offsets[i]] = (ushort)i;
                if (++filled == Slots)
                    return table;
            }
        }
    }
}
