using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace TlsGateway.Fleet.Tests.Support;

/// <summary>The last lines of what is logged, for when a test fails.</summary>
internal sealed class KeptLog : ILoggerFactory
{
    private const int Kept = 500;
    private readonly ConcurrentQueue<string> _lines = new();

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose() { }

    public override string ToString() => string.Join('\n', _lines);

    private sealed class Logger(KeptLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            log._lines.Enqueue($"{logLevel} {category}: {formatter(state, exception)} {exception?.GetType().Name} {exception?.Message}");
            while (log._lines.Count > Kept)
            {
                log._lines.TryDequeue(out _);
            }
        }
    }
}
