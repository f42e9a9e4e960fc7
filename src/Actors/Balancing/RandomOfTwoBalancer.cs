namespace TlsGateway.Actors.Balancing;

/// <summary>
/// Two endpoints by chance, each in the measure of its weight, and of them the one with fewer connections for its weight (Mitzenmacher, The Power of Two Choices in
/// Randomized Load Balancing).
/// </summary>
internal sealed class RandomOfTwoBalancer(IReadOnlyList<EndpointChoice> endpoints, ulong seed) : Balancer(endpoints)
{
    private ulong _state = seed;

    public override Endpoint? Choose(ulong key, IReadOnlyList<Endpoint> tried)
    {
        var first = Pick(tried, except: null);
        if (first is null)
            return null;
        var second = Pick(tried, except: first);
        return second is not null && IsLessLoaded(second, first) ? second.Endpoint : first.Endpoint;
    }

    private EndpointChoice? Pick(IReadOnlyList<Endpoint> tried, EndpointChoice? except)
    {
        long sum = 0;
        foreach (var choice in Endpoints)
        {
            if (choice != except && !WasTried(tried, choice.Endpoint))
                sum += choice.Weight;
        }

        if (sum == 0)
            return null;
        var at = (long)(Next() % (ulong)sum);
        foreach (var choice in Endpoints)
        {
            if (choice == except || WasTried(tried, choice.Endpoint))
                continue;
            at -= choice.Weight;
            if (at < 0)
                return choice;
        }

        return null;
    }

    private ulong Next() => StableHash.Mix(_state++);
}
