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

    public static ClientLimitSettings Read(ClientLimitOptions options) =>
        new()
        {
            Limits = Read(options, options.Connections),
            IPv4Prefix = options.Ipv4Prefix,
            IPv6Prefix = options.Ipv6Prefix,
        };
}
