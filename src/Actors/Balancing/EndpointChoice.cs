namespace TlsGateway.Actors.Balancing;

/// <summary>An endpoint with its part in one upstream.</summary>
public sealed record EndpointChoice(Endpoint Endpoint, int Weight);
