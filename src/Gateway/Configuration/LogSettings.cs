using Microsoft.Extensions.Logging;

namespace TlsGateway.Gateway.Configuration;

internal enum LogFormat
{
    /// <summary>One line for each event.</summary>
    Text,

    /// <summary>One JSON object for each event.</summary>
    Json,
}

/// <summary>Logging, validated.</summary>
internal sealed record LogSettings(LogLevel Level, LogFormat Format);
