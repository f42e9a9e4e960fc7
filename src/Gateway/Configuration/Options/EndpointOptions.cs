using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class EndpointOptions : PositionedOptions
{
    [Required]
    [Description(
        "host:port of one backend, or unix: and the path of a socket. Of a host name every address is an endpoint, with this weight each."
    )]
    [Text("host:port or unix:/path", Examples = ["10.0.0.5:8080", "api.internal:8080", "[fd00::5]:8080", "unix:/run/api.sock"])]
    public string? Address { get; set; }

    [Description("Its share beside the others'.")]
    [Count(1, 256)]
    public int Weight { get; set; } = 1;

    [Description("Used only when no other endpoint can be connected to.")]
    [Switch]
    public bool Backup { get; set; }
}
