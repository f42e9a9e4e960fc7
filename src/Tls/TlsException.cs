namespace TlsGateway.Tls;

/// <summary>A session's <see cref="TlsFailure"/> for callers that work with exceptions (<see cref="BlockingTlsStream"/>, streams).</summary>
public class TlsException : IOException
{
    /// <summary>Wraps <paramref name="failure"/>; the message is its kind, alert and the engine's words.</summary>
    public TlsException(TlsFailure failure)
        : base(Describe(failure)) => Failure = failure;

    /// <summary>What the session said.</summary>
    public TlsFailure Failure { get; }

    /// <summary>The exception for a failure: <see cref="TlsTruncatedException"/> for <see cref="TlsFailureKind.Truncated"/>.</summary>
    public static TlsException From(TlsFailure failure) =>
        failure.Kind == TlsFailureKind.Truncated ? new TlsTruncatedException(failure) : new TlsException(failure);

    private static string Describe(TlsFailure failure) =>
        failure.Alert < 0
            ? $"TLS failed: {failure.Kind}: {failure.Detail}"
            : $"TLS failed: {failure.Kind} (alert {failure.Alert}): {failure.Detail}";
}
