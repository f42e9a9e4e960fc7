using TlsGateway.Transport;

namespace TlsGateway.Actors.ProxyProtocol;

/// <summary>What a PROXY header says (HAProxy, The PROXY protocol, versions 1 and 2), as sent and as received.</summary>
public sealed record ProxyHeader
{
    /// <summary>The sender speaks for itself, as a health check does: addresses mean nothing, those of the connection hold.</summary>
    public bool IsLocal { get; init; }

    /// <summary>The client as the proxy saw it. Null: UNKNOWN, UNSPEC or LOCAL; the connection's own holds.</summary>
    public InetEndPoint? Source { get; init; }

    /// <summary>Where the client connected to.</summary>
    public InetEndPoint? Destination { get; init; }

    /// <summary>PP2_TYPE_ALPN: the protocol in use; "" for none. Version 2 only, as all below.</summary>
    public string ApplicationProtocol { get; init; } = "";

    /// <summary>PP2_TYPE_AUTHORITY: the name that the client asked for (SNI).</summary>
    public string Authority { get; init; } = "";

    /// <summary>PP2_TYPE_UNIQUE_ID: at most 128 bytes, read as Latin-1, so that they are passed on as they came.</summary>
    public string UniqueId { get; init; } = "";

    /// <summary>PP2_TYPE_SSL; null: the client did not speak TLS to the proxy.</summary>
    public ProxyTls? Tls { get; init; }
}

/// <summary>PP2_TYPE_SSL.</summary>
/// <param name="Version">PP2_SUBTYPE_SSL_VERSION, such as TLSv1.3.</param>
/// <param name="CipherSuite">PP2_SUBTYPE_SSL_CIPHER.</param>
/// <param name="HasCertificate">The client showed a certificate, and it verified.</param>
/// <param name="CommonName">PP2_SUBTYPE_SSL_CN: of the client's certificate; "" for none.</param>
public sealed record ProxyTls(string Version, string CipherSuite, bool HasCertificate, string CommonName)
{
    /// <summary>PP2_SUBTYPE_SSL_SIG_ALG: what the certificate that the proxy showed is signed with; "" for unknown.</summary>
    public string CertificateSignature { get; init; } = "";

    /// <summary>PP2_SUBTYPE_SSL_KEY_ALG: the kind and the bits of that certificate's key.</summary>
    public string CertificateKey { get; init; } = "";
}
