using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class RouteOptions : PositionedOptions
{
    [Required]
    [Description("Your name for it, shown for each connection that takes it. Unique among the listener's routes.")]
    [Text("a name of letters, digits, -, _ and ., at most 63", Pattern = TextAttribute.NamePattern)]
    public string? Name { get; set; }

    [Description(
        "Names that the client asks for (SNI): www.example.com; *.example.com for every name below it; ~^api-[0-9]+ for a regular expression, searched for in the name, in time linear in it."
    )]
    public List<string> Sni { get; set; } = [];

    [Description("Protocols of which the client offers one (ALPN), whatever is negotiated.")]
    public List<string> Alpn { get; set; } = [];

    [Description("Addresses and networks that the client comes from, such as 10.0.0.0/8 or 2001:db8::/32.")]
    public List<string> From { get; set; } = [];

    [Description("JA4 fingerprints of the ClientHello, whole.")]
    public List<string> Ja4 { get; set; } = [];

    [Description("Local ports that the connection comes to.")]
    public List<string> Port { get; set; } = [];

    [Description(
        "What the client's certificate says: one entry must fit, and in it all that is written. Needs clientCertificates on the listener; a client without one does not fit."
    )]
    public List<ClientMatchOptions> Client { get; set; } = [];

    /// <summary>One of the three.</summary>
    [Description("Terminate TLS and relay to this upstream.")]
    [Text("the name of an upstream")]
    public string? Upstream { get; set; }

    [Description("Leave TLS untouched and relay it to this upstream, which has the certificate.")]
    [Text("the name of an upstream")]
    public string? Passthrough { get; set; }

    [Description("End the connection with this alert.")]
    [Word("unrecognized_name", "access_denied", "handshake_failure", "no_application_protocol", "insufficient_security", "internal_error")]
    public string? Reject { get; set; }
}
