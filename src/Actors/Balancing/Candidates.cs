namespace TlsGateway.Actors.Balancing;

/// <summary>Which endpoints a connection may be given, and how much their weights count now.</summary>
/// <param name="Tried">Those that it had before, in vain.</param>
/// <param name="Now">The loop's clock.</param>
public readonly record struct Candidates(IReadOnlyList<Endpoint> Tried, long Now = 0)
{
    /// <summary>Connections that an endpoint has at most; 0: any number.</summary>
    public int Maximum { get; init; }

    /// <summary>Health does not count.</summary>
    public bool AnyHealth { get; init; }

    public long SlowStartNanos { get; init; }

    internal bool Contains(Endpoint endpoint)
    {
        for (var i = 0; i < Tried.Count; i++)
        {
            if (ReferenceEquals(Tried[i], endpoint))
                return false;
        }

        return endpoint.Admits(Maximum, AnyHealth);
    }

    /// <summary>In hundredths.</summary>
    internal long WeightOf(EndpointChoice choice) => (long)choice.Weight * choice.Endpoint.RampPercent(Now, SlowStartNanos);
}
