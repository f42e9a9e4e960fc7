using System.Net;

namespace TlsGateway.Gateway.Configuration;

/// <summary>The admin endpoint, validated.</summary>
internal sealed record AdminSettings(IPEndPoint Bind);
