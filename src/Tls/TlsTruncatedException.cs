namespace TlsGateway.Tls;

/// <summary>The peer's bytes ended without close_notify: what was received may lack its end (RFC 8446 §6.1).</summary>
public sealed class TlsTruncatedException : TlsException
{
    /// <summary>Wraps <paramref name="failure"/>, of kind <see cref="TlsFailureKind.Truncated"/>.</summary>
    public TlsTruncatedException(TlsFailure failure)
        : base(failure) { }
}
