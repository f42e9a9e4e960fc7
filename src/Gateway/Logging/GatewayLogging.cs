using Microsoft.Extensions.Logging.Console;
using TlsGateway.Gateway.Configuration;

namespace TlsGateway.Gateway.Logging;

/// <summary>Logging to stdout: one line for each event, UTC, or one JSON object.</summary>
internal static class GatewayLogging
{
    private const string Timestamp = "yyyy-MM-ddTHH:mm:ss.fffZ ";

    public static void AddGatewayLogging(this ILoggingBuilder logging, LogFormat format, LogLevelSwitch level)
    {
        logging.ClearProviders();
        // The switch decides; the builder's own floor would hide debug messages after a reload that asks for them.
        logging.SetMinimumLevel(LogLevel.Trace);
        logging.AddFilter<ConsoleLoggerProvider>(level.IsEnabled);
        if (format == LogFormat.Json)
        {
            logging.AddJsonConsole(static json =>
            {
                json.UseUtcTimestamp = true;
                json.TimestampFormat = Timestamp.TrimEnd();
            });
            return;
        }
        logging.AddSimpleConsole(static text =>
        {
            text.SingleLine = true;
            text.UseUtcTimestamp = true;
            text.TimestampFormat = Timestamp;
            text.ColorBehavior = LoggerColorBehavior.Disabled;
        });
    }
}
