namespace TlsGateway.Gateway.Logging;

/// <summary>The least severe level that is logged, changed by a reload. Any thread.</summary>
internal sealed class LogLevelSwitch(LogLevel level)
{
    private volatile LogLevel _level = level;

    public LogLevel Level
    {
        get => _level;
        set => _level = value;
    }

    /// <summary>
    /// Whether to log. What libraries say of themselves is of interest only from warnings on, unless everything (trace) is asked for. What the host says of
    /// a failed start is a stack trace of what the operator is told in a sentence, and a failure that is not the operator's ends the process anyway.
    /// </summary>
    public bool IsEnabled(string? category, LogLevel level) => level >= LeastFor(category ?? "", _level);

    private static LogLevel LeastFor(string category, LogLevel least) =>
        category switch
        {
            _ when least == LogLevel.Trace => least,
            _ when category.StartsWith("Microsoft.Extensions.Hosting", StringComparison.Ordinal) => Later(least, LogLevel.Critical),
            _ when IsLibrary(category) => Later(least, LogLevel.Warning),
            _ => least,
        };

    private static LogLevel Later(LogLevel left, LogLevel right) => left > right ? left : right;

    private static bool IsLibrary(string category) =>
        category.StartsWith("Microsoft.", StringComparison.Ordinal)
        || category.StartsWith("Akka.", StringComparison.Ordinal)
        || category.StartsWith("System.", StringComparison.Ordinal);
}
