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
    /// Whether to log. What libraries say of themselves is of interest only from warnings on, unless all is asked for. What the host says of a failed start
    /// is a stack trace of what we tell the operator in a sentence.
    /// </summary>
    public bool IsEnabled(string? category, LogLevel level)
    {
        var least = _level;
        if (least is (LogLevel.Debug or LogLevel.Information or LogLevel.Warning) && category is not null)
        {
            least =
                category.StartsWith("Microsoft.Extensions.Hosting", StringComparison.Ordinal) ? LogLevel.Critical
                : IsLibrary(category) ? LogLevel.Warning
                : least;
        }
        return level >= least;
    }

    private static bool IsLibrary(string category) =>
        category.StartsWith("Microsoft.", StringComparison.Ordinal)
        || category.StartsWith("Akka.", StringComparison.Ordinal)
        || category.StartsWith("System.", StringComparison.Ordinal);
}
