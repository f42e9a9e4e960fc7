using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class AdminTlsOptions : PositionedOptions
{
    [Required]
    [Description("The admin endpoint's own certificate and key. Loaded again when they change.")]
    public CertificateOptions? Certificate { get; set; }

    [Description("Callers that show a certificate instead of a token.")]
    public AdminClientOptions? Clients { get; set; }
}

internal sealed class AdminClientOptions : PositionedOptions
{
    [Required]
    [Description(
        "PEM file with the authorities that callers' certificates must come from. Give it one of your own: whoever it signs for is let in."
    )]
    [Text("the path of a PEM file")]
    public string? Authorities { get; set; }

    [Description(
        "Who may look at everything and change nothing. With neither readers nor admins: everybody with a certificate that verifies."
    )]
    public List<ClientMatchOptions> Readers { get; set; } = [];

    [Description("Who may give orders too.")]
    public List<ClientMatchOptions> Admins { get; set; } = [];
}
