using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class AdminOptions : PositionedOptions
{
    [Description(
        "Address of /metrics, /healthz and /ready. It has no authentication: keep it on loopback, or behind a network policy. Takes effect at start."
    )]
    [Text("an address and port", Examples = ["127.0.0.1:9901", "[::1]:9901", "0.0.0.0:9901"])]
    public string Bind { get; set; } = "127.0.0.1:9901";
}
