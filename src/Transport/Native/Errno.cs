using System.Runtime.InteropServices;

namespace TlsGateway.Transport.Native;

/// <summary>errno values of Linux (asm-generic: the same on x64 and arm64) and what they mean to a TCP socket.</summary>
internal static class Errno
{
    public const int EPERM = 1;
    public const int EINTR = 4;
    public const int EBADF = 9;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EACCES = 13;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int EPIPE = 32;
    public const int ENONET = 64;
    public const int EPROTO = 71;
    public const int ENOPROTOOPT = 92;
    public const int EOPNOTSUPP = 95;
    public const int EAFNOSUPPORT = 97;
    public const int ENAMETOOLONG = 36;
    public const int EADDRINUSE = 98;
    public const int EADDRNOTAVAIL = 99;
    public const int ENETDOWN = 100;
    public const int ENETUNREACH = 101;
    public const int ECONNABORTED = 103;
    public const int ECONNRESET = 104;
    public const int ENOBUFS = 105;
    public const int ETIMEDOUT = 110;
    public const int ECONNREFUSED = 111;
    public const int EHOSTDOWN = 112;
    public const int EHOSTUNREACH = 113;
    public const int EINPROGRESS = 115;

    /// <summary>errno of the last native call on this thread.</summary>
    public static int Last => Marshal.GetLastPInvokeError();

    /// <summary>Whether the peer or the network ended the connection, as opposed to a fault on this host.</summary>
    public static bool IsConnectionLost(int errno) =>
        errno is ECONNRESET or EPIPE or ETIMEDOUT or ECONNABORTED or ECONNREFUSED or ENETDOWN or ENETUNREACH or EHOSTDOWN or EHOSTUNREACH;

    /// <summary>The symbol for those an operator may meet, the number for the rest.</summary>
    public static string Name(int errno) =>
        errno switch
        {
            EPERM => nameof(EPERM),
            EBADF => nameof(EBADF),
            ENOMEM => nameof(ENOMEM),
            EACCES => nameof(EACCES),
            ENFILE => nameof(ENFILE),
            EMFILE => nameof(EMFILE),
            ENOPROTOOPT => nameof(ENOPROTOOPT),
            EOPNOTSUPP => nameof(EOPNOTSUPP),
            EAFNOSUPPORT => nameof(EAFNOSUPPORT),
            EADDRINUSE => nameof(EADDRINUSE),
            EADDRNOTAVAIL => nameof(EADDRNOTAVAIL),
            ENOBUFS => nameof(ENOBUFS),
            _ => $"errno {errno}",
        };

    /// <summary>The C library's text for it, such as "Address already in use".</summary>
    public static string Describe(int errno) => Marshal.GetPInvokeErrorMessage(errno);
}
