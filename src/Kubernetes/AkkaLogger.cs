using Akka.Actor;
using Akka.Event;
using Microsoft.Extensions.Logging;

namespace TlsGateway.Kubernetes;

/// <summary>Writes to the actor system's log.</summary>
internal sealed class AkkaLogger(ActorSystem system, Type owner) : ILogger
{
    private readonly ILoggingAdapter _log = Logging.GetLogger(system, owner);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) =>
        logLevel != Microsoft.Extensions.Logging.LogLevel.None && _log.IsEnabled(LevelOf(logLevel));

    public void Log<TState>(
        Microsoft.Extensions.Logging.LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        if (IsEnabled(logLevel))
        {
            _log.Log(LevelOf(logLevel), exception, "{0}", formatter(state, exception));
        }
    }

    private static Akka.Event.LogLevel LevelOf(Microsoft.Extensions.Logging.LogLevel level) =>
        level switch
        {
            Microsoft.Extensions.Logging.LogLevel.Trace or Microsoft.Extensions.Logging.LogLevel.Debug => Akka.Event.LogLevel.DebugLevel,
            Microsoft.Extensions.Logging.LogLevel.Information => Akka.Event.LogLevel.InfoLevel,
            Microsoft.Extensions.Logging.LogLevel.Warning => Akka.Event.LogLevel.WarningLevel,
            _ => Akka.Event.LogLevel.ErrorLevel,
        };
}
