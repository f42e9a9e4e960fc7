using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class AdminOptions : PositionedOptions
{
    [Description(
        "Address of metrics, health and the admin API. On another address than loopback it needs tokens, or tls with clients. Takes effect at start."
    )]
    [Text("an address and port", Examples = ["127.0.0.1:9901", "[::1]:9901", "0.0.0.0:9901"])]
    public string Bind { get; set; } = "127.0.0.1:9901";

    [Description(
        "A file with bearer tokens, one per line, 16 characters at least, of callers that may look at everything and change nothing."
    )]
    [Text("the path of a file", Examples = ["/run/secrets/gateway-read-token"])]
    public string? ReadTokenFile { get; set; }

    [Description("As readTokenFile, of callers that may give orders too.")]
    [Text("the path of a file")]
    public string? AdminTokenFile { get; set; }

    [Description("TLS for the admin endpoint. Left out: it speaks plain HTTP. Whether there is any takes effect at start.")]
    public AdminTlsOptions? Tls { get; set; }

    [Switch]
    [Description("Pages for people below /ui: who is stalled, on what, and whose fault. Takes effect at start.")]
    public bool LiveView { get; set; } = true;
}
