using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Health;

/// <summary>Checks one endpoint once.</summary>
internal interface IEndpointProbe
{
    /// <summary>Does the check of <see cref="UpstreamSettings.HealthCheck"/>.</summary>
    /// <param name="endpoint">Whose.</param>
    /// <param name="upstream">With a health check.</param>
    /// <param name="timeout">Cancelled when it has taken too long.</param>
    /// <returns>What it found. Never fails: what goes wrong is the finding.</returns>
    Task<EndpointCheck> CheckAsync(Endpoint endpoint, Upstream upstream, CancellationToken timeout);
}
