using Microsoft.Extensions.Logging;

namespace TlsGateway.Fleet.Remoting;

/// <summary>
/// What the remoting logs, but of who comes to the member port and is no member only what the verifier says: the remoting tells of each in up to three lines, with stack traces and all that was sent, which would let an
/// outsider write the log. It does not ask the verifier about who shows no certificate or speaks no TLS; here they are counted too. Any thread.
/// </summary>
/// <param name="loggers">Get the rest. Not disposed.</param>
/// <param name="verifier">Counts, and logs.</param>
internal sealed class RemotingLog(ILoggerFactory loggers, MemberVerifier verifier) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new Filter(loggers.CreateLogger(categoryName), verifier);

    public void AddProvider(ILoggerProvider provider) => loggers.AddProvider(provider);

    public void Dispose() { }

    private sealed class Filter(ILogger log, MemberVerifier verifier) : ILogger
    {
        private const string Handler = "[TcpServerHandler ";
        private const string NoCertificate = "Mutual TLS required but client did not provide a certificate from ";
        private const string NoHandshake = "TLS handshake failed on channel [";
        private const string NoTls = "NotSslRecordException";

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => log.BeginScope(state);

        /// <summary>Who is refused counts, whatever is logged.</summary>
        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning || log.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (logLevel < LogLevel.Warning || !IsOfAnOutsider(formatter(state, exception)))
            {
                log.Log(logLevel, eventId, state, exception, formatter);
            }
        }

        private bool IsOfAnOutsider(string text)
        {
            if (After(text, NoCertificate) is { } peer)
            {
                verifier.Refuse(peer, "it shows no certificate");
                return true;
            }
            if (!text.Contains(Handler, StringComparison.Ordinal))
            {
                return false;
            }
            if (After(text, NoHandshake) is { } channel)
            {
                // Whose certificate was looked at is counted and logged.
                if (!text.Contains("RemoteCertificateValidationCallback", StringComparison.Ordinal))
                {
                    verifier.Refuse(Peer(channel), Problem(text));
                }
                return true;
            }
            return text.Contains("Rejected incoming connection from ", StringComparison.Ordinal)
                || text.Contains(NoTls, StringComparison.Ordinal);
        }

        private static string Problem(string text) =>
            text.Contains(NoTls, StringComparison.Ordinal) ? "what it says is no TLS"
            : text.Contains("Channel is closed", StringComparison.Ordinal) ? "it ended, or fell silent, before the handshake was done"
            : "the TLS handshake failed";

        private static string? After(string text, string words)
        {
            var at = text.IndexOf(words, StringComparison.Ordinal);
            return at < 0 ? null : text[(at + words.Length)..].TrimEnd();
        }

        /// <summary>The remoting calls a channel <c>local->peer](Id=…)</c>.</summary>
        private static string Peer(string channel)
        {
            var (from, to) = (channel.IndexOf("->", StringComparison.Ordinal), channel.IndexOf("](Id=", StringComparison.Ordinal));
            return from >= 0 && to > from ? channel[(from + 2)..to] : "?";
        }
    }
}
