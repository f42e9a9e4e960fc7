namespace TlsGateway.Actors.Balancing;

/// <summary>
/// Smooth weighted round robin, as nginx has it: each choice raises every endpoint by its weight and takes the highest, which then falls by the sum. So weights hold over every
/// cycle, and turns of one endpoint are spread over it.
/// </summary>
internal sealed class RoundRobinBalancer : Balancer
{
    private readonly long[] _current;

    /// <summary>Loops begin at different endpoints: else the first would get the first connection of each.</summary>
    public RoundRobinBalancer(IReadOnlyList<EndpointChoice> endpoints, ulong seed)
        : base(endpoints)
    {
        _current = new long[Endpoints.Length];
        if (_current.Length > 0)
            _current[seed % (ulong)_current.Length] = 1;
    }

    public override Endpoint? Choose(ulong key, in Candidates candidates)
    {
        var best = -1;
        long sum = 0;
        for (var i = 0; i < Endpoints.Length; i++)
        {
            if (!candidates.Contains(Endpoints[i].Endpoint))
                continue;
            var weight = candidates.WeightOf(Endpoints[i]);
            _current[i] += weight;
            sum += weight;
            if (best < 0 || _current[i] > _current[best])
                best = i;
        }

        if (best < 0)
            return null;
        _current[best] -= sum;
        return Endpoints[best].Endpoint;
    }
}
