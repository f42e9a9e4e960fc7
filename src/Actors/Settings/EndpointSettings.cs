using System.Net;

namespace TlsGateway.Actors.Settings;

/// <summary>One address of an upstream.</summary>
/// <param name="Address">An <see cref="IPEndPoint"/>, or a <see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/> with a path.</param>
public sealed record EndpointSettings(EndPoint Address)
{
    /// <summary>The host name whose address it is; "" where the address was written.</summary>
    public string Host { get; init; } = "";

    /// <summary>Its share beside the others', 1 to 256.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Used only when no other endpoint can be.</summary>
    public bool IsBackup { get; init; }
}
