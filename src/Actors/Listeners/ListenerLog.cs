using System.ComponentModel;
using Microsoft.Extensions.Logging;

namespace TlsGateway.Actors.Listeners;

/// <summary>What listeners log.</summary>
internal static partial class ListenerLog
{
    public static void AcceptFailed(ILogger log, string listener, int errno) =>
        AcceptFailedCore(log, listener, errno, new Win32Exception(errno).Message);

    [LoggerMessage(
        200,
        LogLevel.Warning,
        "listener {Listener}: accept failed, errno {Errno} ({Meaning}); trying again in 100 ms. If it persists raise the open file limit (ulimit -n) or lower limits.connections"
    )]
    private static partial void AcceptFailedCore(ILogger log, string listener, int errno, string meaning);
}
