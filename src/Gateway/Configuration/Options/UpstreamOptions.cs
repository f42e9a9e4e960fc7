using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class UpstreamOptions : PositionedOptions
{
    /// <summary>The <see cref="Address"/> of the demo server that runs inside the gateway.</summary>
    public const string EmbeddedDemo = "embedded-demo";

    /// <summary>In the place of <see cref="Endpoints"/>.</summary>
    [Description(
        "host:port of the backend; a host name is looked up at start and at reload, and each of its addresses is an endpoint. embedded-demo is a small HTTP server inside the gateway, for trying it out."
    )]
    [Text("host:port, or embedded-demo", Examples = ["10.0.0.5:8080", "api.internal:8080", "[fd00::5]:8080", EmbeddedDemo])]
    public string? Address { get; set; }

    [Description("Several backends, in the place of address.")]
    public List<EndpointOptions> Endpoints { get; set; } = [];

    [Description(
        "How the endpoint of a connection is chosen. Weights count in each. hashClient and hashServerName keep a client's address or a server name at one endpoint; the others move little when endpoints change."
    )]
    [Word("roundRobin", "leastConnections", "randomOfTwo", "hashClient", "hashServerName")]
    public string Balance { get; set; } = "roundRobin";

    [Description(
        "The PROXY protocol: tells the backend who the client is, before anything else on each connection. The backend has to expect it."
    )]
    [Word("off", "v1", "v2")]
    public string ProxyProtocol { get; set; } = "off";

    [Description("For connecting to one endpoint.")]
    [Duration("10ms", "5m")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    [Description("Endpoints that one connection tries, one after the other, before it fails.")]
    [Count(1, 64)]
    public int ConnectAttempts { get; set; } = 8;
}
