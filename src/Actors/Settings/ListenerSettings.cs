using System.Net;
using TlsGateway.Actors.ClientCertificates;
using TlsGateway.Actors.Routing;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Settings;

/// <summary>One listener: where it listens, how it speaks TLS, whereto it relays, what it bounds.</summary>
public sealed record ListenerSettings
{
    /// <summary>The operator's name for it; the metric label. Unique.</summary>
    public required string Name { get; init; }

    public required IPEndPoint Bind { get; init; }

    public TlsEngine Engine { get; init; } = TlsEngine.OpenSsl;

    public required TlsServerSettings Tls { get; init; }

    /// <summary>Asked about each client certificate that verified; null: what the handshake checked is enough.</summary>
    public IClientCertificateStatus? ClientCertificateStatus { get; init; }

    /// <summary>Who has to send a PROXY header first: the proxies in front. From others none is taken. Null: from nobody.</summary>
    public PrefixTable? ProxyProtocolFrom { get; init; }

    /// <summary>Who may connect. Null: everybody.</summary>
    public AccessList? Access { get; init; }

    /// <summary>First match wins.</summary>
    public IReadOnlyList<RouteSettings> Routes { get; init; } = [];

    /// <summary>Whereto connections go that no route takes; null where the last route takes all.</summary>
    public UpstreamSettings? Upstream { get; init; }

    /// <summary>Every upstream that it may relay to, in the order of its routes, each object once.</summary>
    public IEnumerable<UpstreamSettings> Upstreams =>
        Routes
            .Select(static route => route.Target.Upstream)
            .Append(Upstream)
            .OfType<UpstreamSettings>()
            .Distinct<UpstreamSettings>(ReferenceEqualityComparer.Instance);

    /// <summary>From accept to the end of the handshake, the whole of it: a client that sends a byte now and then gains nothing.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>An open connection with no byte moved in either direction for this long is closed.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a closing connection may take to deliver what is owed and see the peer close.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>As <see cref="IdleTimeout"/>, once one side has ended.</summary>
    public TimeSpan HalfClosedTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>An open connection is closed after this time, or up to a tenth earlier by chance; zero: never.</summary>
    public TimeSpan MaximumLifetime { get; init; }

    /// <summary>Bytes per second, both directions together, that a client must move while it keeps a record or our data waiting; 0: any.</summary>
    public int MinimumRate { get; init; } = 64;

    /// <summary>Over how long <see cref="MinimumRate"/> is taken.</summary>
    public TimeSpan MinimumRateTime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>New handshakes are refused while the loop is this far behind; zero: never.</summary>
    public TimeSpan MaximumLoopDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>For all of its connections together, beside <see cref="MaxConnections"/>.</summary>
    public LimitSettings Limits { get; init; } = LimitSettings.None;

    public ClientLimitSettings ClientLimits { get; init; } = ClientLimitSettings.None;

    /// <summary>Connections open at once on this listener; one more is refused with an alert and counted.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Keys are renewed after this much application data, both directions together; 0: not by volume.</summary>
    public long RehandshakeAfterBytes { get; init; }

    /// <summary>Keys are renewed at the first activity after this time; zero: not by time.</summary>
    public TimeSpan RehandshakeAfter { get; init; }

    /// <summary>The kernel's accept queue (listen(2)).</summary>
    public int Backlog { get; init; } = 4096;

    /// <summary>
    /// Bytes of application data that may be on their way from one leg to the other, each direction. With the ciphertext buffers (one chunk each way)
    /// this bounds what a connection can hold.
    /// </summary>
    public int CreditBytes { get; init; } = 256 * 1024;
}
