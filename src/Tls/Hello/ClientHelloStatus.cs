namespace TlsGateway.Tls.Hello;

/// <summary>What came of reading the first bytes of a connection.</summary>
public enum ClientHelloStatus
{
    /// <summary>There is one, whole and well formed.</summary>
    Complete,

    /// <summary>Well formed so far; more bytes are needed.</summary>
    NeedMore,

    /// <summary>Not TLS handshake records, or not a ClientHello in them.</summary>
    NotAClientHello,

    /// <summary>A ClientHello whose lengths or lists contradict each other. RFC 8446 §6.2: decode_error.</summary>
    Malformed,

    /// <summary>The same extension twice. RFC 8446 §4.2: illegal_parameter.</summary>
    DuplicateExtension,

    /// <summary>Longer than is taken before a client has proved anything.</summary>
    TooLong,
}
