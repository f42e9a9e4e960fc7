using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

/// <summary>The whole file.</summary>
[Description(
    "Configuration of the TLS gateway. Values may hold environment variables: ${NAME} or ${NAME:-default}; $${ is written for ${ itself."
)]
internal sealed class GatewayOptions : PositionedOptions
{
    [Description("What happens between SIGTERM and the end.")]
    public DrainOptions Drain { get; set; } = new();

    /// <summary>Null: one per core.</summary>
    [Description("Event loops, each one thread. auto is one per core. Takes effect at start, not at reload.")]
    [Count(1, 256, Word = "auto")]
    public int? EventLoops { get; set; }

    [Description("Folder for development certificates and OCSP responses, relative to the folder in which the gateway was started.")]
    [Text("a folder")]
    public string StateFolder { get; set; } = "state";

    [Description("The keys that session tickets are sealed with, for all listeners.")]
    public TicketKeyOptions TicketKeys { get; set; } = new();

    [Description(
        "Certificates, keys, authorities and revocation lists are loaded again when their files change, Kubernetes' volumes included. Off: at SIGHUP only."
    )]
    [Switch]
    public bool WatchFiles { get; set; } = true;

    /// <summary>Null: off.</summary>
    [Description(
        "For debugging only: a file that gets the keys of every connection with a client, in the format of SSLKEYLOGFILE. Whoever has it can read all recorded traffic."
    )]
    [Text("the path of a file", Examples = ["/run/gateway/keys.log", "${SSLKEYLOGFILE}"])]
    public string? KeyLogFile { get; set; }

    [Description("Metrics and health over plain HTTP.")]
    public AdminOptions Admin { get; set; } = new();

    [Description("What is logged and how.")]
    public LogOptions Log { get; set; } = new();

    /// <summary>Null: off.</summary>
    [Description("A line for each connection that has ended. Left out: none. Takes effect at start.")]
    public AccessLogOptions? AccessLog { get; set; }

    [Description("Metrics, traces and logs for OpenTelemetry. Takes effect at start.")]
    public TelemetryOptions Telemetry { get; set; } = new();

    /// <summary>Null: off.</summary>
    [Description(
        "Several gateways as one fleet: they share ticket keys and know of each other. Left out: this one serves alone, and nothing listens for others."
    )]
    public ClusterOptions? Cluster { get; set; }

    [Description("How the host names of endpoints are looked up.")]
    public DnsOptions Dns { get; set; } = new();

    [Description("What all clients together may take.")]
    public GatewayLimitOptions Limits { get; set; } = new();

    [Description("How much memory the process may use, and what is done near it.")]
    public MemoryOptions Memory { get; set; } = new();

    [Required]
    [Description("Where clients connect.")]
    public List<ListenerOptions> Listeners { get; set; } = [];

    [Required]
    [Description("Whereto listeners relay, by name.")]
    public Dictionary<string, UpstreamOptions> Upstreams { get; set; } = new(StringComparer.Ordinal);
}
