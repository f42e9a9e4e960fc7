using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Balancing;

/// <summary>Chooses among endpoints for the connections of one loop. One thread.</summary>
public abstract class Balancer
{
    private protected Balancer(IReadOnlyList<EndpointChoice> endpoints) => Endpoints = [.. endpoints];

    private protected EndpointChoice[] Endpoints { get; }

    /// <summary>Makes one.</summary>
    /// <param name="algorithm">How.</param>
    /// <param name="endpoints">Among what. May be empty.</param>
    /// <param name="seed">For what is chosen by chance, and where turns begin: another for each loop.</param>
    public static Balancer Of(BalanceAlgorithm algorithm, IReadOnlyList<EndpointChoice> endpoints, ulong seed) =>
        algorithm switch
        {
            BalanceAlgorithm.RoundRobin => new RoundRobinBalancer(endpoints, seed),
            BalanceAlgorithm.LeastConnections => new LeastConnectionsBalancer(endpoints),
            BalanceAlgorithm.RandomOfTwo => new RandomOfTwoBalancer(endpoints, seed),
            BalanceAlgorithm.HashClient or BalanceAlgorithm.HashServerName => new HashBalancer(endpoints),
            _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "no such algorithm"),
        };

    /// <summary>The next endpoint, or null when all were tried.</summary>
    /// <param name="key">What hashing goes by; others do not look at it.</param>
    /// <param name="tried">Those that this connection had before, in vain.</param>
    public abstract Endpoint? Choose(ulong key, IReadOnlyList<Endpoint> tried);

    private protected static bool WasTried(IReadOnlyList<Endpoint> tried, Endpoint endpoint)
    {
        for (var i = 0; i < tried.Count; i++)
        {
            if (ReferenceEquals(tried[i], endpoint))
                return true;
        }

        return false;
    }

    /// <summary>With one connection more each, <paramref name="left"/> would have fewer for its weight.</summary>
    private protected static bool IsLessLoaded(EndpointChoice left, EndpointChoice right) =>
        (left.Endpoint.Connections + 1L) * right.Weight < (right.Endpoint.Connections + 1L) * left.Weight;
}
