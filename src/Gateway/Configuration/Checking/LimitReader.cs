using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.Configuration.Options;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Makes limits of what was written; there is nothing to check beyond each value.</summary>
internal static class LimitReader
{
    public static LimitSettings Read(RateLimitOptions options, int connections) =>
        new()
        {
            Connections = connections,
            ConnectionRate = options.ConnectionRate,
            HandshakeRate = options.HandshakeRate,
            ReceiveRate = options.ReceiveRate ?? 0,
            SendRate = options.SendRate ?? 0,
        };

    /// <summary>Of the fleet: its networks are those of the gateway's own limits.</summary>
    public static ClientLimitSettings Read(ClusterClientLimitOptions options, ClientLimitOptions networks) =>
        new()
        {
            Limits = new LimitSettings { Connections = options.Connections, HandshakeRate = options.HandshakeRate },
            IPv4Prefix = networks.Ipv4Prefix,
            IPv6Prefix = networks.Ipv6Prefix,
        };

    public static ClientLimitSettings Read(ClientLimitOptions options) =>
        new()
        {
            Limits = Read(options, options.Connections),
            IPv4Prefix = options.Ipv4Prefix,
            IPv6Prefix = options.Ipv6Prefix,
        };
}
