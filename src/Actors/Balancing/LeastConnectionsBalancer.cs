namespace TlsGateway.Actors.Balancing;

/// <summary>The endpoint with the fewest connections for its weight; among equals in turn.</summary>
internal sealed class LeastConnectionsBalancer(IReadOnlyList<EndpointChoice> endpoints) : Balancer(endpoints)
{
    private int _start;

    public override Endpoint? Choose(ulong key, in Candidates candidates)
    {
        var best = -1;
        for (var i = 0; i < Endpoints.Length; i++)
        {
            var index = (_start + i) % Endpoints.Length;
            if (candidates.Contains(Endpoints[index].Endpoint) && (best < 0 || IsLessLoaded(Endpoints[index], Endpoints[best], candidates)))
                best = index;
        }

        if (best < 0)
            return null;
        _start = (best + 1) % Endpoints.Length;
        return Endpoints[best].Endpoint;
    }
}
