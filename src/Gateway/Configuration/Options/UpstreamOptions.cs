using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class UpstreamOptions : PositionedOptions
{
    /// <summary>The <see cref="Address"/> of the demo server that runs inside the gateway.</summary>
    public const string EmbeddedDemo = "embedded-demo";

    /// <summary>In the place of <see cref="Endpoints"/>.</summary>
    [Description(
        "host:port of the backend; a host name is looked up, again when its time to live is over, and each of its addresses is an endpoint. unix: and a path is a Unix socket. embedded-demo is a small HTTP server inside the gateway, for trying it out."
    )]
    [Text(
        "host:port, unix:/path, or embedded-demo",
        Examples = ["10.0.0.5:8080", "api.internal:8080", "[fd00::5]:8080", "unix:/run/api.sock", EmbeddedDemo]
    )]
    public string? Address { get; set; }

    [Description("Several backends, in the place of address.")]
    public List<EndpointOptions> Endpoints { get; set; } = [];

    [Description(
        "How the endpoint of a connection is chosen. Weights count in each. hashClient and hashServerName keep a client's address or a server name at one endpoint; the others move little when endpoints change."
    )]
    [Word("roundRobin", "leastConnections", "randomOfTwo", "hashClient", "hashServerName")]
    public string Balance { get; set; } = "roundRobin";

    /// <summary>Null: plain text.</summary>
    [Description("Speaks TLS with the endpoints. Left out: plain text.")]
    public UpstreamTlsOptions? Tls { get; set; }

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

    [Description(
        "Connections that one endpoint has at most. Further ones go to other endpoints, and wait in the queue when all are full. 0: any number."
    )]
    [Count(0, 10_000_000)]
    public int MaxConnections { get; set; }

    [Description("Where connections wait while all endpoints have maxConnections.")]
    public QueueOptions Queue { get; set; } = new();

    [Description(
        "An endpoint that is new or comes back gets its share little by little in this time. Hashing does not look at it. 0s: at once."
    )]
    [Duration("0s", "1h")]
    public TimeSpan SlowStart { get; set; }

    /// <summary>Null: none.</summary>
    [Description("Checks of the endpoints. Left out: only connections show how an endpoint is.")]
    public HealthOptions? Health { get; set; }

    [Description("When an endpoint is taken out because connections fail on it.")]
    public EjectionOptions Ejection { get; set; } = new();

    [Description("Per cent: when fewer of the endpoints can be used, all are tried, whatever their health. 0: only when none can be used.")]
    [Count(0, 100)]
    public int PanicThreshold { get; set; }

    [Description(
        "What a client gets when no endpoint can be had: alert is internal_error, reset a TCP reset, close the end of the connection without close_notify."
    )]
    [Word("alert", "reset", "close")]
    public string OnFailure { get; set; } = "alert";

    [Description(
        "Connects to an endpoint as soon as the ClientHello has chosen the route, while the handshake goes on. Not with proxyProtocol: v2 or tls.copyApplicationProtocol, which wait for the handshake."
    )]
    [Switch]
    public bool PreConnect { get; set; }
}
