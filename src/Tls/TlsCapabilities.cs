namespace TlsGateway.Tls;

/// <summary>What an engine can do; configuration that needs more is refused when it is checked.</summary>
[Flags]
public enum TlsCapabilities
{
    None = 0,

    /// <summary>TLS 1.2 rehandshakes (RFC 5746).</summary>
    Renegotiation = 1,

    /// <summary>Client certificates after a TLS 1.3 handshake (RFC 8446 §4.6.2).</summary>
    PostHandshakeAuthentication = 2,

    /// <summary>New sending keys on TLS 1.3 (RFC 8446 §4.6.3).</summary>
    KeyUpdate = 4,

    /// <summary>A handshake can wait for an answer from elsewhere.</summary>
    Suspend = 8,

    /// <summary>Tickets on TLS 1.3.</summary>
    Tls13Resumption = 16,

    /// <summary>Tickets or session IDs on TLS 1.2.</summary>
    Tls12Resumption = 32,

    /// <summary>Stapled OCSP responses.</summary>
    Stapling = 64,

    /// <summary>Keying material for other protocols, at any time after the handshake.</summary>
    Exporter = 128,

    /// <summary>Key logs for debugging.</summary>
    KeyLog = 256,
}
