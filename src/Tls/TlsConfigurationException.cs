namespace TlsGateway.Tls;

/// <summary>
/// TLS settings or the host cannot serve: a certificate that does not load, a key that does not match, a library that is missing. The message says what is wrong,
/// where (the certificate's name) and what to do; it never holds key material.
/// </summary>
public sealed class TlsConfigurationException : Exception
{
    public TlsConfigurationException(string message)
        : base(message) { }

    public TlsConfigurationException(string message, Exception inner)
        : base(message, inner) { }
}
