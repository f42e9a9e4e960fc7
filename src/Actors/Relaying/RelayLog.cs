using Microsoft.Extensions.Logging;
using TlsGateway.Actors.Metrics;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Relaying;

/// <summary>What relaying logs.</summary>
internal static partial class RelayLog
{
    public static void NotTaken(ILogger log, RelayTarget target, RelayOutcome why)
    {
        if (log.IsEnabled(LogLevel.Debug))
            NotTakenCore(log, target.Member, target.Address.ToString(), GatewayMetrics.SnakeCase(why));
    }

    public static void Refused(ILogger log, InetEndPoint peer, RelayOutcome why, long leftOut)
    {
        if (log.IsEnabled(LogLevel.Warning))
            RefusedCore(log, peer.ToString(), GatewayMetrics.SnakeCase(why), leftOut);
    }

    [LoggerMessage(210, LogLevel.Debug, "member {Member} did not take a connection at {Address}, {Reason}: it is served here")]
    private static partial void NotTakenCore(ILogger log, string member, string address, string reason);

    [LoggerMessage(
        211,
        LogLevel.Warning,
        "relay port: {Peer} is refused, {Reason}; {LeftOut} more since the last line. Only members can hand over connections: if it is one, compare its ticket keys in /fleet"
    )]
    private static partial void RefusedCore(ILogger log, string peer, string reason, long leftOut);

    [LoggerMessage(212, LogLevel.Warning, "relay port: accept failed, errno {Errno}; trying again in 100 ms")]
    public static partial void AcceptFailed(ILogger log, int errno);
}
