using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Balancing;

/// <summary>An endpoint with its part in one upstream.</summary>
public sealed record EndpointChoice(Endpoint Endpoint, int Weight)
{
    public static EndpointChoice Of(EndpointSettings settings, Endpoint endpoint) => new(endpoint, settings.Weight);
}
