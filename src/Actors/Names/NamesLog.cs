using Microsoft.Extensions.Logging;

namespace TlsGateway.Actors.Names;

internal static partial class NamesLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Upstream {Upstream}: {Host} is {Addresses} now")]
    public static partial void Changed(ILogger log, string upstream, string host, string addresses);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Upstream {Upstream}: {Host} cannot be looked up, its addresses stay what they were and it is tried again: {Why}"
    )]
    public static partial void Failed(ILogger log, string upstream, string host, string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "Upstream {Upstream}: {Host} is found again")]
    public static partial void FoundAgain(ILogger log, string upstream, string host);
}
