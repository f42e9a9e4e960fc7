namespace TlsGateway.Actors.Routing;

/// <summary>The condition of a route that a connection does not fit.</summary>
public enum RouteMismatch
{
    /// <summary>All fit.</summary>
    None,
    Port,
    From,
    Name,
    ApplicationProtocol,
    Ja4,
    Client,
}
