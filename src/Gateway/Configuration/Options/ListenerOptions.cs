using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class ListenerOptions : PositionedOptions
{
    [Required]
    [Description("Your name for it, used in logs and as metric label. Unique.")]
    [Text("a name of letters, digits, -, _ and ., at most 63", Pattern = TextAttribute.NamePattern)]
    public string? Name { get; set; }

    [Required]
    [Description("Where it listens. :8443 is every address, IPv4 and IPv6.")]
    [Text("an address and port", Examples = [":8443", "0.0.0.0:8443", "[::]:8443", "localhost:8443"])]
    public string? Bind { get; set; }

    [Description(
        "The upstream that connections are relayed to which no route takes, one of those under upstreams. Left out only where the last route takes all."
    )]
    [Text("the name of an upstream")]
    public string? Upstream { get; set; }

    [Description("Who may connect, by address: refused before a byte is read.")]
    public AccessOptions? Access { get; set; }

    [Description(
        "For a listener behind proxies or load balancers that send PROXY headers (v1 or v2) with the client's address. Left out: none is taken."
    )]
    public ProxyProtocolOptions? ProxyProtocol { get; set; }

    [Description(
        "Whereto connections go, by their ClientHello, address and certificate. The first route that fits is taken; all conditions of it must."
    )]
    public List<RouteOptions> Routes { get; set; } = [];

    [Required]
    [Description("How it speaks TLS.")]
    public TlsOptions? Tls { get; set; }

    [Description("How long things may take.")]
    public TimeoutOptions Timeouts { get; set; } = new();

    [Description("What clients may do. Each bounds what one connection can cost.")]
    public LimitOptions Limits { get; set; } = new();
}
