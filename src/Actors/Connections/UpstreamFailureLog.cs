using Microsoft.Extensions.Logging;
using TlsGateway.Actors.Balancing;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Connections;

/// <summary>Says why TLS with an endpoint failed: of one loop, at a bounded rate. The metrics count all.</summary>
internal sealed partial class UpstreamFailureLog(ILogger log)
{
    private const int PerSecond = 5;

    private LineBudget _budget = new(PerSecond);

    /// <summary>One line, if the second has room for it.</summary>
    public void Log(UpstreamSeed seed, Endpoint endpoint, in TlsFailure failure, long now)
    {
        if (!_budget.TryTake(now, out var leftOut))
            return;
        var detail = failure.Kind == TlsFailureKind.None ? "the connection was reset" : failure.Detail;
        Failed(log, seed.Upstream.Settings.Name, endpoint.ToString(), failure.Kind, detail, leftOut);
    }

    [LoggerMessage(
        130,
        LogLevel.Warning,
        "Upstream {Upstream}: TLS with endpoint {Endpoint} failed, {Kind}: {Detail} ({LeftOut} more left out)"
    )]
    private static partial void Failed(ILogger log, string upstream, string endpoint, TlsFailureKind kind, string detail, long leftOut);
}
