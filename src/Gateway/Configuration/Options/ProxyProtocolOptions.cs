using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class ProxyProtocolOptions : PositionedOptions
{
    [Required]
    [Description("Addresses and networks of the proxies in front. They have to send the header; from others none is taken.")]
    public List<string> From { get; set; } = [];
}
