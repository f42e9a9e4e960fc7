using TlsGateway.Actors.Balancing;

namespace TlsGateway.Actors.Health;

/// <summary>Messages of the <see cref="UpstreamHealthActor"/>.</summary>
internal static class HealthProtocol
{
    /// <summary>The newest generation of the upstream.</summary>
    public sealed record Use(Upstream Upstream);

    /// <summary>So many connections in a row failed on the endpoint as may, or its trial did.</summary>
    public sealed record FailuresReached(Endpoint Endpoint);

    /// <summary>The one connection that a half-open endpoint was given was made.</summary>
    public sealed record TrialSucceeded(Endpoint Endpoint);
}
