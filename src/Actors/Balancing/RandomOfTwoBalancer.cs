namespace TlsGateway.Actors.Balancing;

/// <summary>
/// Two endpoints by chance, each in the measure of its weight, and of them the one with fewer connections for its weight (Mitzenmacher, The Power of Two Choices in
/// Randomized Load Balancing).
/// </summary>
internal sealed class RandomOfTwoBalancer(IReadOnlyList<EndpointChoice> endpoints, ulong seed) : Balancer(endpoints)
{
    private ulong _state = seed;

    public override Endpoint? Choose(ulong key, in Candidates candidates)
    {
        var first = Pick(candidates, except: null);
        if (first is null)
            return null;
        var second = Pick(candidates, except: first);
        return second is not null && IsLessLoaded(second, first, candidates) ? second.Endpoint : first.Endpoint;
    }

    private EndpointChoice? Pick(in Candidates candidates, EndpointChoice? except)
    {
        long sum = 0;
        foreach (var choice in Endpoints)
        {
            if (choice != except && candidates.Contains(choice.Endpoint))
                sum += candidates.WeightOf(choice);
        }

        if (sum == 0)
            return null;
        var at = (long)(Next() % (ulong)sum);
        foreach (var choice in Endpoints)
        {
            if (choice == except || !candidates.Contains(choice.Endpoint))
                continue;
            at -= candidates.WeightOf(choice);
            if (at < 0)
                return choice;
        }

        return null;
    }

    private ulong Next() => StableHash.Mix(_state++);
}
