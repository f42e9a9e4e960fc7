namespace TlsGateway.Pki;

/// <summary>A certificate tool cannot do what it was asked; the message says what, where and what to do, and holds no secret.</summary>
public sealed class PkiException : Exception
{
    public PkiException(string message)
        : base(message) { }

    public PkiException(string message, Exception inner)
        : base(message, inner) { }
}
