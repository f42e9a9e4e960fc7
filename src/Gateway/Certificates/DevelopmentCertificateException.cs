namespace TlsGateway.Gateway.Certificates;

/// <summary>Development certificates cannot be loaded or made; the message is for the operator.</summary>
internal sealed class DevelopmentCertificateException : Exception
{
    public DevelopmentCertificateException(string message)
        : base(message) { }

    public DevelopmentCertificateException(string message, Exception inner)
        : base(message, inner) { }
}
