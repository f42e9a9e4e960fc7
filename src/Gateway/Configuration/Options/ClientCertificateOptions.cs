using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class ClientCertificateOptions : PositionedOptions
{
    [Description(
        "none does not ask in the handshake, optional asks and serves clients without one, required refuses them. One that is shown must verify."
    )]
    [Word("none", "optional", "required")]
    public string Mode { get; set; } = "required";

    [Required]
    [Description("PEM file with the authorities that clients' certificates must come from. Relative to the configuration file.")]
    [Text("the path of a PEM file")]
    public string? Authorities { get; set; }

    [Description("Intermediates between a client's certificate and the authority.")]
    [Count(0, 16)]
    public int Depth { get; set; } = 4;

    [Description(
        "PEM files with CRLs. When there is any, every certificate of a client's chain needs a current one of its issuer. Read again at reload."
    )]
    public List<string> RevocationLists { get; set; } = [];

    [Description(
        "Whether a client's certificate is looked up at its issuer's OCSP responder before anything is relayed. soft keeps out who is revoked, hard also whoever there is no answer about."
    )]
    [Word("off", "soft", "hard")]
    public string Ocsp { get; set; } = "off";

    [Description("The responder's address. Left out: the one that the certificate names.")]
    [Text("an http URL", Examples = ["http://ocsp.example.org/"])]
    public string? OcspResponder { get; set; }

    [Description(
        "Clients may be asked for a certificate after the handshake (renegotiation on TLS 1.2, post-handshake authentication on 1.3). Each connection takes some 10 KiB more."
    )]
    [Switch]
    public bool StepUp { get; set; }

    [Description("Who is let in: one entry must fit, and in it all that is written. Empty: everybody with a certificate that verifies.")]
    public List<ClientMatchOptions> Allow { get; set; } = [];
}
