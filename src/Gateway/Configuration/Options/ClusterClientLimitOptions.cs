using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class ClusterClientLimitOptions : PositionedOptions
{
    [Description("Connections open at once from one network, at all members together. 0: any number.")]
    [Count(0, 10_000_000)]
    public int Connections { get; set; }

    [Description(
        "Full TLS handshakes per second from one network, at all members together; a second's worth may come at once at each. Resumed ones do not count. 0: any number."
    )]
    [Count(0, 10_000_000)]
    public int HandshakeRate { get; set; }
}
