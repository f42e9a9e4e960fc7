namespace TlsGateway.Tls;

/// <summary>What an engine can do; configuration that needs more is refused when it is checked.</summary>
[Flags]
public enum TlsCapabilities
{
    None = 0,
    Renegotiation = 1,
    PostHandshakeAuthentication = 2,
    KeyUpdate = 4,
    Suspend = 8,
    Tls13Resumption = 16,
}
