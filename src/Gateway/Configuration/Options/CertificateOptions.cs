using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class CertificateOptions : PositionedOptions
{
    [Required]
    [Description("PEM file with the certificate, then its intermediates. Relative to the configuration file.")]
    [Text("the path of a PEM file")]
    public string? Certificate { get; set; }

    [Required]
    [Description("PEM file with the certificate's key, not encrypted. Relative to the configuration file.")]
    [Text("the path of a PEM file")]
    public string? Key { get; set; }
}
