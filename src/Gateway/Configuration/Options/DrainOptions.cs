using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class DrainOptions : PositionedOptions
{
    [Description(
        "How long connections are still accepted after SIGTERM, unready already: load balancers are slow to notice. On Kubernetes some 10 s; elsewhere often none."
    )]
    [Duration("0s", "10m")]
    public TimeSpan Grace { get; set; } = TimeSpan.Zero;

    [Description(
        "How long open connections may go on after that. Those with nothing in flight are closed one after the other in this time, the rest at its end, all with close_notify."
    )]
    [Duration("0s", "24h")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);
}
