using System.ComponentModel;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class DnsOptions : PositionedOptions
{
    [Description(
        "Name servers that are asked for endpoints' host names, as address:port; names are then whole, without search domains. Left out: as this machine looks names up."
    )]
    public List<string> Servers { get; set; } = [];
}
