namespace TlsGateway.Actors.Settings;

/// <summary>The PROXY header that an upstream gets first (HAProxy, The PROXY protocol).</summary>
public enum ProxyProtocolVersion
{
    None,

    /// <summary>A line of text with addresses.</summary>
    V1,

    /// <summary>Binary, with what is known of the client's TLS.</summary>
    V2,
}
