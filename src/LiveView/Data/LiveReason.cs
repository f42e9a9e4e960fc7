using TlsGateway.Actors;
using TlsGateway.Actors.Metrics;

namespace TlsGateway.LiveView.Data;

/// <summary>Why connections did not go well, and how often since the start.</summary>
/// <param name="Name">As the metrics have it.</param>
/// <param name="Fault">Whose.</param>
/// <param name="Kind">refused: before any cryptography; handshake: it failed; closed: later on.</param>
/// <param name="Count">Since the start.</param>
public sealed record LiveReason(string Name, string Fault, string Kind, long Count)
{
    internal static CloseReason[] All { get; } = Enum.GetValues<CloseReason>();

    /// <summary>Those that have happened, the most frequent first. A completed connection is no trouble.</summary>
    public static IReadOnlyList<LiveReason> Of(GatewayHost host)
    {
        var counters = host.Metrics.Counters;
        return
        [
            .. All.SelectMany(reason =>
                {
                    var failed = counters.Sum(c => c.HandshakeFailures(reason));
                    return (LiveReason[])
                        [
                            Of(reason, "refused", counters.Sum(c => c.Refused(reason))),
                            Of(reason, "handshake", failed),
                            Of(reason, "closed", reason == CloseReason.Completed ? 0 : counters.Sum(c => c.Closed(reason)) - failed),
                        ];
                })
                .Where(static reason => reason.Count > 0)
                .OrderByDescending(static reason => reason.Count),
        ];
    }

    private static LiveReason Of(CloseReason reason, string kind, long count) =>
        new(GatewayMetrics.NameOf(reason), GatewayMetrics.FaultNameOf(reason), kind, count);
}
