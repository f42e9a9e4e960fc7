using System.Net;
using TlsGateway.Gateway.Admin;

namespace TlsGateway.Gateway.Configuration;

/// <summary>The admin endpoint, validated.</summary>
/// <param name="Bind">Where it listens.</param>
/// <param name="Access">Who is let in.</param>
/// <param name="LiveView">There are pages for people below /ui.</param>
internal sealed record AdminSettings(IPEndPoint Bind, AdminAccess Access, bool LiveView = true)
{
    /// <summary>Open to all who reach it.</summary>
    public AdminSettings(IPEndPoint bind)
        : this(bind, new AdminAccess(AdminTokens.None)) { }
}
