using System.ComponentModel;
using Microsoft.Extensions.Logging;
using TlsGateway.Actors.Metrics;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Listeners;

/// <summary>What listeners log.</summary>
internal static partial class ListenerLog
{
    public static void AcceptFailed(ILogger log, string listener, int errno) =>
        AcceptFailedCore(log, listener, errno, new Win32Exception(errno).Message);

    public static void Refused(ILogger log, string listener, InetEndPoint peer, CloseReason reason, long leftOut)
    {
        if (log.IsEnabled(LogLevel.Information))
            RefusedCore(log, listener, peer.ToString(), GatewayMetrics.SnakeCase(reason), leftOut);
    }

    [LoggerMessage(204, LogLevel.Information, "listener {Listener}: {Peer} is refused, {Reason}; {LeftOut} more since the last line")]
    private static partial void RefusedCore(ILogger log, string listener, string peer, string reason, long leftOut);

    [LoggerMessage(
        201,
        LogLevel.Error,
        "listener {Listener} on loop {Loop} failed and lost its connections there; opening it again. This is a defect of the gateway: please report the error logged before"
    )]
    public static partial void Failed(ILogger log, string listener, int loop);

    [LoggerMessage(202, LogLevel.Warning, "listener {Listener} on loop {Loop} is open again")]
    public static partial void Reopened(ILogger log, string listener, int loop);

    [LoggerMessage(203, LogLevel.Error, "listener {Listener} on loop {Loop} cannot be opened again, trying each second: {Reason}")]
    public static partial void ReopenFailed(ILogger log, string listener, int loop, string reason);

    [LoggerMessage(
        200,
        LogLevel.Warning,
        "listener {Listener}: accept failed, errno {Errno} ({Meaning}); trying again in 100 ms. If it persists raise the open file limit (ulimit -n) or lower limits.connections"
    )]
    private static partial void AcceptFailedCore(ILogger log, string listener, int errno, string meaning);
}
