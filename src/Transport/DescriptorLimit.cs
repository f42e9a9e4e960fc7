using TlsGateway.Transport.Native;

namespace TlsGateway.Transport;

/// <summary>How many file descriptors the process may have (getrlimit(2), RLIMIT_NOFILE).</summary>
public static unsafe class DescriptorLimit
{
    private const int RLIMIT_NOFILE = 7;

    /// <summary>Raises the limit as far as the process may, which is the hard limit.</summary>
    /// <returns>What it is then; <see cref="long.MaxValue"/> for none.</returns>
    public static long Raise()
    {
        ulong* limits = stackalloc ulong[2];
        if (Libc.getrlimit(RLIMIT_NOFILE, limits) != 0)
            return long.MaxValue;
        ulong soft = limits[0];
        limits[0] = limits[1];
        if (soft < limits[1] && Libc.setrlimit(RLIMIT_NOFILE, limits) == 0)
            soft = limits[1];
        return soft > long.MaxValue ? long.MaxValue : (long)soft;
    }
}
