using Microsoft.Extensions.Logging;
using TlsGateway.Actors.Metrics;
using TlsGateway.Tls;
using TlsGateway.Tls.Hello;

namespace TlsGateway.Actors.Connections;

/// <summary>
/// One line at information level for each handshake that failed and each client that was refused: what happened, whose fault, the alert, and what the client
/// asked for. At most <see cref="LinesPerSecond"/> on a loop, since anybody can make one; what was left out is counted in the next line, and all are in the
/// metrics. The loop's thread only.
/// </summary>
internal sealed partial class HandshakeFailureLog(ILogger log)
{
    internal const int LinesPerSecond = 50;

    private LineBudget _budget = new(LinesPerSecond);

    /// <summary>Logs, or counts as left out.</summary>
    /// <param name="seed">Whose connection it was.</param>
    /// <param name="reason">Why it ended.</param>
    /// <param name="failure">The session's, or the hello's.</param>
    /// <param name="hello">Null when none came.</param>
    /// <param name="now">The loop's clock, nanoseconds.</param>
    public void Log(ConnectionSeed seed, CloseReason reason, in TlsFailure failure, ClientHello? hello, long now)
    {
        // A TCP health check connects and closes, each few seconds, for ever; what the operator ends is no failure.
        if (reason is CloseReason.ClientClosedBeforeHello or CloseReason.Stopped or CloseReason.Drained or CloseReason.ClosedByOperator)
            return;
        if (!log.IsEnabled(LogLevel.Information))
            return;
        if (!_budget.TryTake(now, out var leftOut))
            return;
        Failed(
            log,
            seed.Generation.Settings.Name,
            seed.Peer.ToString(),
            GatewayMetrics.SnakeCase(reason),
            CloseReasonFaults.FaultOf(reason).ToString().ToLowerInvariant(),
            AlertText(failure),
            hello is null ? "-" : Printable(hello.ServerName),
            hello is null ? "-" : ClientFingerprint.Ja4(hello),
            failure.Detail.Length == 0 ? "" : ": " + WithoutControls(failure.Detail),
            leftOut == 0 ? "" : $" ({leftOut} more were not logged)"
        );
    }

    private static string AlertText(in TlsFailure failure) =>
        failure.Alert < 0 ? "none"
        : failure.Kind == TlsFailureKind.PeerAlert ? "received " + TlsAlert.Text(failure.Alert)
        : "sent " + TlsAlert.Text(failure.Alert);

    /// <summary>A name as a client sent it: what is no host name's is escaped, so that it cannot forge a line or a terminal's colours.</summary>
    internal static string Printable(string name)
    {
        if (name.Length == 0)
            return "-";
        return name.All(IsOfHostName) ? name : string.Concat(name.Select(static c => IsOfHostName(c) ? c.ToString() : $"\\x{(int)c:x2}"));
    }

    private static bool IsOfHostName(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '*';

    /// <summary>An engine's words may quote a certificate of the peer's.</summary>
    private static string WithoutControls(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(static c => char.IsControl(c) ? '?' : c)) : text;

    [LoggerMessage(
        104,
        LogLevel.Information,
        "{Listener}: {Peer} handshake failed: {Reason}, fault {Fault}, alert {Alert}, sni={ServerName} ja4={Ja4}{Detail}{LeftOut}"
    )]
    private static partial void Failed(
        ILogger log,
        string listener,
        string peer,
        string reason,
        string fault,
        string alert,
        string serverName,
        string ja4,
        string detail,
        string leftOut
    );
}
