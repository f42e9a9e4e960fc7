using System.Net;
using TlsGateway.Gateway.Admin;

namespace TlsGateway.Gateway.Configuration;

/// <summary>The admin endpoint, validated.</summary>
/// <param name="Bind">Where it listens.</param>
/// <param name="Tokens">That are taken; none: on loopback everybody is admin.</param>
/// <param name="LiveView">There are pages for people below /ui.</param>
internal sealed record AdminSettings(IPEndPoint Bind, AdminTokens Tokens, bool LiveView = true)
{
    /// <summary>Without tokens.</summary>
    public AdminSettings(IPEndPoint bind)
        : this(bind, AdminTokens.None) { }
}
