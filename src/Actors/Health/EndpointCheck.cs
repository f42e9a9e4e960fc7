namespace TlsGateway.Actors.Health;

/// <summary>What one health check found.</summary>
/// <param name="Passed">The endpoint is as it should be.</param>
/// <param name="Detail">How, or why not: "status 503", "connection refused". No secret and nothing that the endpoint sent, but numbers.</param>
/// <param name="At">When it ended.</param>
public sealed record EndpointCheck(bool Passed, string Detail, DateTimeOffset At)
{
    /// <summary>The gateway that did it; "": this one.</summary>
    public string By { get; init; } = "";
}
