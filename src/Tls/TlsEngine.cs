namespace TlsGateway.Tls;

/// <summary>Which library speaks TLS; one word of configuration per listener or upstream.</summary>
public enum TlsEngine
{
    /// <summary>The host's libssl.so.3: the default.</summary>
    OpenSsl,

    /// <summary>BouncyCastle's managed protocol code with the host's primitives.</summary>
    BouncyCastle,
}
