using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class ClientMatchOptions : PositionedOptions
{
    [Description("A CN of the subject. * stands for any characters.")]
    [Text("a name or pattern")]
    public string? CommonName { get; set; }

    [Description("An OU of the subject. * stands for any characters.")]
    [Text("a name or pattern")]
    public string? OrganizationalUnit { get; set; }

    [Description("A DNS name of the subjectAltName. * stands for characters of one label. Letter case does not count.")]
    [Text("a DNS name or pattern", Examples = ["*.svc.example"])]
    public string? DnsName { get; set; }

    [Description("A URI of the subjectAltName, such as a SPIFFE ID. * stands for characters of one path segment.")]
    [Text("a URI or pattern", Examples = ["spiffe://example.org/ns/*/sa/*"])]
    public string? Uri { get; set; }
}
