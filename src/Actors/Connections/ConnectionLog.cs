using Microsoft.Extensions.Logging;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

/// <summary>What connections log: what happens to each at debug level, for a line per connection is the access log's business; changes of who they are always.</summary>
internal static partial class ConnectionLog
{
    public static void Established(ILogger log, string listener, InetEndPoint peer, ITlsSession session)
    {
        if (!log.IsEnabled(LogLevel.Debug))
            return;
        var info = session.DescribeSession();
        EstablishedCore(
            log,
            listener,
            peer.ToString(),
            info.Version,
            info.CipherSuite,
            info.Group,
            info.ServerName,
            info.ApplicationProtocol,
            info.IsResumed
        );
    }

    public static void Closed(ILogger log, string listener, InetEndPoint peer, CloseReason reason, string detail)
    {
        if (log.IsEnabled(LogLevel.Debug))
            ClosedCore(log, listener, peer.ToString(), reason, detail);
    }

    /// <summary>At information level: who a connection belongs to is what an operator asks later.</summary>
    public static void IdentityChanged(ILogger log, string listener, InetEndPoint peer, TlsPeerCertificate? before, TlsPeerCertificate? now)
    {
        if (log.IsEnabled(LogLevel.Information))
            IdentityChangedCore(log, listener, peer.ToString(), before?.Subject ?? "nobody", now?.Subject ?? "nobody");
    }

    public static void StepUpRefused(ILogger log, string listener, InetEndPoint peer, string detail)
    {
        if (log.IsEnabled(LogLevel.Information))
            StepUpRefusedCore(log, listener, peer.ToString(), detail);
    }

    public static void RehandshakeRefused(ILogger log, string listener, InetEndPoint peer, string detail)
    {
        if (log.IsEnabled(LogLevel.Information))
            RehandshakeRefusedCore(log, listener, peer.ToString(), detail);
    }

    public static void PassedThrough(ILogger log, string listener, InetEndPoint peer, string serverName, string route)
    {
        if (log.IsEnabled(LogLevel.Debug))
            PassedThroughCore(log, listener, peer.ToString(), serverName, route);
    }

    [LoggerMessage(106, LogLevel.Debug, "{Listener}: {Peer} passes through by route {Route} sni={ServerName}")]
    private static partial void PassedThroughCore(ILogger log, string listener, string peer, string serverName, string route);

    [LoggerMessage(105, LogLevel.Information, "{Listener}: {Peer} keeps its keys though new ones are due: {Detail}")]
    private static partial void RehandshakeRefusedCore(ILogger log, string listener, string peer, string detail);

    [LoggerMessage(102, LogLevel.Information, "{Listener}: {Peer} was {Before} and is {Now} by its certificate")]
    private static partial void IdentityChangedCore(ILogger log, string listener, string peer, string before, string now);

    [LoggerMessage(103, LogLevel.Information, "{Listener}: {Peer} cannot be asked for a certificate: {Detail}")]
    private static partial void StepUpRefusedCore(ILogger log, string listener, string peer, string detail);

    [LoggerMessage(
        100,
        LogLevel.Debug,
        "{Listener}: {Peer} established {Version} {CipherSuite} {Group} sni={ServerName} alpn={ApplicationProtocol} resumed={Resumed}"
    )]
    private static partial void EstablishedCore(
        ILogger log,
        string listener,
        string peer,
        string version,
        string cipherSuite,
        string group,
        string serverName,
        string applicationProtocol,
        bool resumed
    );

    [LoggerMessage(101, LogLevel.Debug, "{Listener}: {Peer} closed, {Reason} {Detail}")]
    private static partial void ClosedCore(ILogger log, string listener, string peer, CloseReason reason, string detail);
}
