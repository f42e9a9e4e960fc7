using TlsGateway.Transport;

namespace TlsGateway.Gateway.Hosting;

/// <summary>What the process's limit of file descriptors allows.</summary>
internal static class DescriptorBudget
{
    /// <summary>For the admin endpoint, health checks, look-ups, files that are read again, the runtime.</summary>
    private const int Reserve = 256;

    /// <summary>A connection has a socket to its client and one to its upstream.</summary>
    private const int PerConnection = 2;

    /// <summary>The limit, raised as far as it may be.</summary>
    public static long Limit { get; } = DescriptorLimit.Raise();

    /// <summary>Client connections that there are descriptors for.</summary>
    public static long Connections { get; } = Limit == long.MaxValue ? long.MaxValue : Math.Max(1, (Limit - Reserve) / PerConnection);
}
