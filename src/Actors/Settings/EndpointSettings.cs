using System.Net;

namespace TlsGateway.Actors.Settings;

/// <summary>One address of an upstream.</summary>
public sealed record EndpointSettings(IPEndPoint Address)
{
    /// <summary>Its share beside the others', 1 to 256.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Used only when no other endpoint can be.</summary>
    public bool IsBackup { get; init; }
}
