using System.Net;
using System.Security.Cryptography;
using System.Text;
using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.AccessLogs;
using TlsGateway.Gateway.Files;
using TlsGateway.Gateway.Telemetry;
using TlsGateway.Gateway.Tickets;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Configuration;

/// <summary>
/// One checked configuration file. Complete but for what the process makes itself: the development certificate and the demo upstream's address,
/// which <see cref="ToSettings"/> fills in.
/// </summary>
internal sealed record GatewayConfiguration
{
    /// <summary>The file, absolute.</summary>
    public required string File { get; init; }

    /// <summary>The file's text, so that what it names can be read again without it. Variables are not put in.</summary>
    public string Yaml { get; init; } = "";

    /// <summary>Of <see cref="Yaml"/>: equal where the same is written, whatever variables stand for.</summary>
    public string Digest => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Yaml)))[..12];

    /// <summary>How long connections are still accepted after SIGTERM.</summary>
    public TimeSpan DrainGrace { get; init; }

    /// <summary>How long open connections may go on after that.</summary>
    public required TimeSpan DrainTimeout { get; init; }

    /// <summary>Null: it serves alone.</summary>
    public ClusterSettings? Cluster { get; init; }

    /// <summary>0: one per core.</summary>
    public required int EventLoops { get; init; }

    /// <summary>Absolute.</summary>
    public required string StateFolder { get; init; }

    public TicketKeySettings TicketKeys { get; init; } = TicketKeySettings.Default;

    /// <summary>Absolute; null: no key log.</summary>
    public string? KeyLogFile { get; init; }

    /// <summary>The files that are loaded again when they change, by absolute path, as they were before they were read. Empty: none are watched.</summary>
    public IReadOnlyDictionary<string, FileState> WatchedFiles { get; init; } = NoFiles;

    public static IReadOnlyDictionary<string, FileState> NoFiles { get; } = new Dictionary<string, FileState>();

    public required AdminSettings Admin { get; init; }
    public required LogSettings Log { get; init; }

    /// <summary>Null: none.</summary>
    public AccessLogSettings? AccessLog { get; init; }

    public TelemetrySettings Telemetry { get; init; } = TelemetrySettings.Off;

    /// <summary>With an empty certificate list where the development certificate is wanted, and no address where the demo upstream is.</summary>
    public required IReadOnlyList<ListenerSettings> Listeners { get; init; }

    /// <summary>Names of the listeners that staple OCSP responses.</summary>
    public IReadOnlySet<string> StaplingListeners { get; init; } = new HashSet<string>();

    /// <summary>That are asked for endpoints' host names; none: the machine's.</summary>
    public IReadOnlyList<IPEndPoint> NameServers { get; init; } = [];

    public LimitSettings Limits { get; init; } = LimitSettings.None;

    public ClientLimitSettings ClientLimits { get; init; } = ClientLimitSettings.None;

    public MemorySettings Memory { get; init; } = new();

    public required int UpstreamCount { get; init; }

    public bool NeedsDevelopmentCertificate => Listeners.Any(UsesDevelopmentCertificate);

    public bool NeedsDemoUpstream =>
        Listeners.SelectMany(static listener => listener.Upstreams).Any(static upstream => upstream.Endpoints.Count == 0);

    public static bool UsesDevelopmentCertificate(ListenerSettings listener) => listener.Tls.Certificates.Count == 0;

    /// <summary>The data path's settings.</summary>
    /// <param name="generation">Of this configuration, from 1.</param>
    /// <param name="development">Required if <see cref="NeedsDevelopmentCertificate"/>.</param>
    /// <param name="demo">The demo upstream's address; required if <see cref="NeedsDemoUpstream"/>.</param>
    /// <exception cref="InvalidOperationException">One that is needed is missing.</exception>
    public GatewaySettings ToSettings(int generation, TlsCertificate? development, IPEndPoint? demo) =>
        new()
        {
            Generation = generation,
            Limits = Limits,
            ClientLimits = ClientLimits,
            FleetClientLimits = Cluster?.ClientLimits ?? ClientLimitSettings.None,
            Memory = Memory,
            Listeners = [.. Listeners.Select(listener => Complete(listener, development, demo))],
        };

    private static ListenerSettings Complete(ListenerSettings listener, TlsCertificate? development, IPEndPoint? demo)
    {
        if (UsesDevelopmentCertificate(listener))
        {
            var certificate =
                development ?? throw new InvalidOperationException($"Listener {listener.Name} needs the development certificate.");
            listener = listener with { Tls = listener.Tls with { Certificates = [certificate] } };
        }
        return listener with
        {
            Upstream = listener.Upstream is null ? null : Complete(listener.Upstream, demo),
            Routes =
            [
                .. listener.Routes.Select(route =>
                    route with
                    {
                        Target = route.Target switch
                        {
                            RouteTarget.Relay relay => new RouteTarget.Relay(Complete(relay.To, demo)),
                            RouteTarget.Passthrough passthrough => new RouteTarget.Passthrough(Complete(passthrough.To, demo)),
                            var other => other,
                        },
                    }
                ),
            ],
        };
    }

    private static UpstreamSettings Complete(UpstreamSettings upstream, IPEndPoint? demo) =>
        upstream.Endpoints.Count > 0
            ? upstream
            : upstream with
            {
                Endpoints =
                [
                    new EndpointSettings(
                        demo ?? throw new InvalidOperationException($"Upstream {upstream.Name} needs the demo's address.")
                    ),
                ],
            };
}
