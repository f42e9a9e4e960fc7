using Microsoft.Extensions.Logging;

namespace TlsGateway.Actors.Health;

internal static partial class HealthLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Upstream {Upstream}: endpoint {Endpoint} is down, its health check says: {Detail}")]
    public static partial void Down(ILogger log, string upstream, string endpoint, string detail);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Upstream {Upstream}: endpoint {Endpoint} is up, its health check says: {Detail}"
    )]
    public static partial void Up(ILogger log, string upstream, string endpoint, string detail);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Upstream {Upstream}: endpoint {Endpoint} is taken out for {Seconds} s, {Failures} connections in a row failed on it"
    )]
    public static partial void Ejected(ILogger log, string upstream, string endpoint, double seconds, int failures);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Upstream {Upstream}: endpoint {Endpoint} is tried with one connection at a time, its time out is over"
    )]
    public static partial void HalfOpen(ILogger log, string upstream, string endpoint);

    [LoggerMessage(Level = LogLevel.Information, Message = "Upstream {Upstream}: endpoint {Endpoint} serves again")]
    public static partial void Back(ILogger log, string upstream, string endpoint);
}
