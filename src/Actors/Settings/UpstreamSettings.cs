namespace TlsGateway.Actors.Settings;

/// <summary>Whereto a listener relays.</summary>
public sealed record UpstreamSettings
{
    /// <summary>The operator's name for it; the metric label.</summary>
    public required string Name { get; init; }

    /// <summary>Of a connection one after the other is tried while no byte was sent. Never empty.</summary>
    public required IReadOnlyList<EndpointSettings> Endpoints { get; init; }

    public BalanceAlgorithm Balance { get; init; }

    /// <summary>Sent before anything else, on every connection.</summary>
    public ProxyProtocolVersion ProxyProtocol { get; init; }

    /// <summary>Null: in plain text.</summary>
    public UpstreamTlsSettings? Tls { get; init; }

    /// <summary>Endpoints that one connection tries at most.</summary>
    public int ConnectAttempts { get; init; } = 8;

    /// <summary>For connecting to one endpoint.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Connections that one endpoint has at most, all loops together; 0: any number.</summary>
    public int MaxConnections { get; init; }

    public UpstreamFailureAction OnFailure { get; init; }

    /// <summary>
    /// An endpoint is connected to as soon as the ClientHello has chosen the route, while the handshake goes on. Not where the endpoint is first told what only the handshake shows: the PROXY protocol's
    /// version 2, ALPN that is copied, a route by client certificate.
    /// </summary>
    public bool PreConnect { get; init; }

    public QueueSettings Queue { get; init; } = new();

    /// <summary>An endpoint that is new or comes back gets its share little by little in this time. Hashing does not look at it.</summary>
    public TimeSpan SlowStart { get; init; }

    public OutlierSettings Outliers { get; init; } = new();

    /// <summary>Null: endpoints are not checked, only connections show how they are.</summary>
    public HealthCheckSettings? HealthCheck { get; init; }

    /// <summary>When fewer than this per cent of the endpoints can be used, all are tried as if they could. 0: only when none can be.</summary>
    public int PanicShare { get; init; }
}
