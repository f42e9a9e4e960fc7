namespace TlsGateway.Actors.Balancing;

/// <summary>What an operator wants of an endpoint, until it is taken back or the process ends; reloads keep it while the endpoint is configured.</summary>
public enum EndpointOrder
{
    /// <summary>Its checks and its connections decide.</summary>
    None,

    /// <summary>No connection is begun on it, whatever the others are like; those that are open go on.</summary>
    Drain,

    /// <summary>It counts as healthy, whatever its checks say and its connections do.</summary>
    Up,

    /// <summary>It counts as down: used only when too few others can be.</summary>
    Down,
}
