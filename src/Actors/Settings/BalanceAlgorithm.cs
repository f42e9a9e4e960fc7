namespace TlsGateway.Actors.Settings;

/// <summary>How the endpoint of a connection is chosen. Weights count in each.</summary>
public enum BalanceAlgorithm
{
    /// <summary>In turn, smoothly: an endpoint of weight 2 is not taken twice in a row when it need not be. Each loop has a turn of its own.</summary>
    RoundRobin,

    /// <summary>The one with the fewest open connections for its weight, all loops together.</summary>
    LeastConnections,

    /// <summary>The better of two chosen by chance, which avoids that all loops rush to one.</summary>
    RandomOfTwo,

    /// <summary>Always the same one for a client's address, as long as it can be used.</summary>
    HashClient,

    /// <summary>Always the same one for a server name.</summary>
    HashServerName,
}
