using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class TlsOptions : PositionedOptions
{
    /// <summary>Null: the development certificate.</summary>
    [Required]
    [Description(
        "development makes a certificate for localhost at the first start; otherwise a list of certificates. The first is the default, the others are chosen by the names in them (SNI)."
    )]
    [WordOrList("development")]
    public List<CertificateOptions>? Certificates { get; set; }

    [Description("The oldest TLS version that is accepted.")]
    [Word("1.2", "1.3")]
    public string MinimumVersion { get; set; } = "1.2";

    [Description("The newest TLS version that is offered.")]
    [Word("1.2", "1.3")]
    public string MaximumVersion { get; set; } = "1.3";

    [Description("Application protocols (ALPN) in order of preference, such as h2 and http/1.1. Empty: ALPN is not answered.")]
    public List<string> ApplicationProtocols { get; set; } = [];

    [Description("Session tickets given to a client after each full TLS 1.3 handshake. 0 turns resumption off on TLS 1.3.")]
    [Count(0, 8)]
    public int Tickets { get; set; } = 1;

    [Description("Clients may start a renegotiation on TLS 1.2. Off is safer: they can make the gateway work by it.")]
    [Switch]
    public bool AllowClientRenegotiation { get; set; }
}
