using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class GatewayLimitOptions : RateLimitOptions
{
    [Description("Connections open at once on all listeners together. 0: any number.")]
    [Count(0, 10_000_000)]
    public int Connections { get; set; }

    [Description("For each client network by itself, on all listeners together.")]
    public ClientLimitOptions PerClient { get; set; } = new();
}
