using TlsGateway.Transport;

namespace TlsGateway.Gateway.Hosting;

/// <summary>What the process's limit of file descriptors allows.</summary>
internal static class DescriptorBudget
{
    /// <summary>For the admin endpoint, health checks, look-ups, files that are read again, and what the runtime still loads.</summary>
    private const int Reserve = 512;

    /// <summary>A connection has a socket to its client and one to its upstream.</summary>
    private const int PerConnection = 2;

    /// <summary>The limit, raised as far as it may be.</summary>
    public static long Limit { get; } = DescriptorLimit.Raise();

    /// <summary>Client connections that there are descriptors for, beside those that the process has open when it is first asked.</summary>
    public static long Connections { get; } = ConnectionsWithin(Limit, Directory.EnumerateFileSystemEntries("/proc/self/fd").LongCount());

    /// <summary>As <see cref="Connections"/>: with little to give, half of what is left.</summary>
    internal static long ConnectionsWithin(long limit, long used)
    {
        if (limit == long.MaxValue)
        {
            return limit;
        }
        var left = limit - used;
        return Math.Max(1, (left - Math.Min(Reserve, left / 2)) / PerConnection);
    }
}
