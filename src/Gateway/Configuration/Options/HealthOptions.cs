using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class HealthOptions : PositionedOptions
{
    [Required]
    [Description(
        "What a check does: tcp connects; tls does a handshake as well, whatever the certificate; http and https ask for path. Where proxyProtocol is on, a check says LOCAL."
    )]
    [Word("tcp", "tls", "http", "https")]
    public string? Check { get; set; }

    [Description("From one check of an endpoint to its next, up to a tenth more or less by chance.")]
    [Duration("100ms", "1h")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(5);

    [Description("For the whole of one check.")]
    [Duration("10ms", "5m")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(2);

    [Description("Checks in a row that must pass before an endpoint that is down is up.")]
    [Count(1, 100)]
    public int Rise { get; set; } = 2;

    [Description("Checks in a row that must fail before an endpoint is down. The first check after the start decides alone.")]
    [Count(1, 100)]
    public int Fall { get; set; } = 3;

    /// <summary>Null: that of the endpoint.</summary>
    [Description("Checks another port than that of the endpoint.")]
    [Count(1, 65_535)]
    public int? Port { get; set; }

    [Description("Of http and https: path and query of the GET.")]
    [Text("a path", Pattern = "^/[!-~]*$", Examples = ["/", "/healthz"])]
    public string Path { get; set; } = "/";

    /// <summary>Null: the endpoint's.</summary>
    [Description("The Host header, and the server name of a TLS handshake. Left out: the endpoint's host.")]
    [Text("a host name", Pattern = "^[A-Za-z0-9._:\\[\\]-]{1,253}$", Examples = ["api.internal"])]
    public string? Host { get; set; }

    [Description("Of http and https: the status that is good, or the lowest and the highest.")]
    [Text("a status or two, such as 200 or 200-399", Pattern = "^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$", Examples = ["200-399", "200"])]
    public string Status { get; set; } = "200-399";

    /// <summary>Null: any.</summary>
    [Description("Of http and https: text that the first 64 KiB of the answer must contain.")]
    [Text("a text", Examples = ["ok"])]
    public string? Body { get; set; }
}
