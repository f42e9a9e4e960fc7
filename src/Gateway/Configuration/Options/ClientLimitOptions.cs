using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class ClientLimitOptions : RateLimitOptions
{
    [Description("Connections open at once from one network. 0: any number.")]
    [Count(0, 10_000_000)]
    public int Connections { get; set; }

    [Description("Bits of an IPv4 address that make a network: 32 is each address by itself, 24 is 256 addresses together.")]
    [Count(1, 32)]
    public int Ipv4Prefix { get; set; } = 32;

    [Description("Bits of an IPv6 address that make a network. One customer usually has a /56 or a /64.")]
    [Count(1, 128)]
    public int Ipv6Prefix { get; set; } = 64;
}
