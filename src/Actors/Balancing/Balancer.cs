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

    /// <summary>The next endpoint, or null when there is none.</summary>
    /// <param name="key">What hashing goes by; others do not look at it.</param>
    /// <param name="candidates">Among which.</param>
    public abstract Endpoint? Choose(ulong key, in Candidates candidates);

    /// <summary>With one connection more each, <paramref name="left"/> would have fewer for its weight.</summary>
    private protected static bool IsLessLoaded(EndpointChoice left, EndpointChoice right, in Candidates candidates) =>
        (left.Endpoint.Connections + 1L) * candidates.WeightOf(right) < (right.Endpoint.Connections + 1L) * candidates.WeightOf(left);
}
