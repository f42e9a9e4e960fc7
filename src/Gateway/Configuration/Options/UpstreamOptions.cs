using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class UpstreamOptions : PositionedOptions
{
    /// <summary>The <see cref="Address"/> of the demo server that runs inside the gateway.</summary>
    public const string EmbeddedDemo = "embedded-demo";

    [Required]
    [Description(
        "host:port of the backend; a host name is looked up at start and at reload. embedded-demo is a small HTTP server inside the gateway, for trying it out."
    )]
    [Text("host:port, or embedded-demo", Examples = ["10.0.0.5:8080", "api.internal:8080", "[fd00::5]:8080", EmbeddedDemo])]
    public string? Address { get; set; }

    [Description("For connecting, all addresses of the host together.")]
    [Duration("10ms", "5m")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
