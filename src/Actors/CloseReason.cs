namespace TlsGateway.Actors;

/// <summary>Why a connection ended: one per connection, the same name in the log, as metric label and in the admin API.</summary>
public enum CloseReason
{
    /// <summary>Not closed yet.</summary>
    None,

    /// <summary>Both sides ended cleanly.</summary>
    Completed,

    /// <summary>The client closed before it had sent a whole ClientHello record header.</summary>
    ClientClosedBeforeHello,

    /// <summary>The client closed during the first handshake.</summary>
    ClientClosedInHandshake,

    /// <summary>The client's TCP connection ended without close_notify while it could still have sent data.</summary>
    ClientTruncated,

    /// <summary>The client's TCP connection was reset.</summary>
    ClientReset,

    /// <summary>An HTTP request in plain text on the TLS port; answered with 400.</summary>
    PlainHttp,

    /// <summary>The first bytes are no TLS record with a ClientHello.</summary>
    NotTls,

    /// <summary>A proxy in front that has to say who the client is sent a PROXY header that is none.</summary>
    BadProxyHeader,

    /// <summary>The ClientHello contradicts itself; no TLS engine was bothered with it.</summary>
    MalformedClientHello,

    /// <summary>The whole handshake took longer than its timeout.</summary>
    HandshakeTimeout,

    /// <summary>Nothing in common with the client, and the engine does not say what.</summary>
    NoCommonParameters,

    /// <summary>No TLS version that both allow.</summary>
    NoCommonVersion,

    /// <summary>No cipher suite that both allow, or none that fits the certificate.</summary>
    NoCommonCipherSuite,

    /// <summary>No key exchange group that both allow.</summary>
    NoCommonGroup,

    /// <summary>No signature algorithm that both allow and a certificate has a key for.</summary>
    NoCommonSignatureAlgorithm,

    /// <summary>No application protocol (ALPN) that both allow.</summary>
    NoCommonApplicationProtocol,

    /// <summary>The client asked for a server name that is not served here and unknown ones are refused.</summary>
    UnknownServerName,

    /// <summary>The ClientHello took a route that rejects.</summary>
    RouteRejected,

    /// <summary>The client broke the TLS protocol.</summary>
    ProtocolViolation,

    /// <summary>The client sent a fatal alert.</summary>
    ClientAlert,

    /// <summary>The client's certificate was refused for another reason: not trusted, wrong purpose, too weak.</summary>
    CertificateRejected,

    /// <summary>A client certificate was required and none was shown.</summary>
    CertificateMissing,

    /// <summary>The client's certificate is expired or not valid yet.</summary>
    CertificateExpired,

    /// <summary>The client's certificate was revoked.</summary>
    CertificateRevoked,

    /// <summary>The client's certificate is good, but the client is not let in.</summary>
    AccessDenied,

    /// <summary>The client passed a bound: handshake bytes, KeyUpdates, warnings, records without data.</summary>
    LimitExceeded,

    /// <summary>No byte moved for the idle timeout.</summary>
    IdleTimeout,

    /// <summary>One side had ended, and on the other no byte moved for the half-closed timeout.</summary>
    HalfClosedTimeout,

    /// <summary>It was open for the longest time that a connection may.</summary>
    LifetimeExceeded,

    /// <summary>The client took, or gave, what it owed slower than the minimum rate.</summary>
    TooSlow,

    /// <summary>What was owed at the end could not be delivered within the shutdown timeout.</summary>
    ShutdownTimeout,

    /// <summary>No upstream address accepted a connection.</summary>
    UpstreamConnectFailed,

    /// <summary>No upstream address answered in time.</summary>
    UpstreamConnectTimeout,

    /// <summary>No endpoint's TLS handshake succeeded: its certificate was refused, there was nothing in common, it sent an alert or no TLS. Or TLS failed later.</summary>
    UpstreamTlsFailed,

    /// <summary>Every endpoint of the upstream has as many connections as it may have, and so has the queue before them.</summary>
    UpstreamQueueFull,

    /// <summary>No endpoint of the upstream had a place for the connection in time.</summary>
    UpstreamQueueTimeout,

    /// <summary>The upstream's TCP connection ended without close_notify, though it speaks TLS: what came may not be all.</summary>
    UpstreamTruncated,

    /// <summary>The upstream's TCP connection was reset or failed.</summary>
    UpstreamReset,

    /// <summary>Closed by an order of the operator's, through the admin endpoint.</summary>
    ClosedByOperator,

    /// <summary>Closed by the gateway when the drain time was over.</summary>
    Drained,

    /// <summary>The gateway stopped at once.</summary>
    Stopped,

    /// <summary>Another member of the fleet serves it: it goes on through this one, which has nothing to do with its TLS.</summary>
    Relayed,

    /// <summary>Closed while idle, since other members of the fleet have more room: its client comes again, perhaps to one of them.</summary>
    Rebalanced,

    /// <summary>Refused at accept: the limit of connections, the listener's or the gateway's.</summary>
    TooManyConnections,

    /// <summary>Refused at accept: too many new connections a second, at the listener or the gateway.</summary>
    ConnectionRateExceeded,

    /// <summary>Refused at its ClientHello: too many full handshakes a second, at the listener or the gateway.</summary>
    HandshakeRateExceeded,

    /// <summary>Refused: the limit of connections of its client's network.</summary>
    ClientTooManyConnections,

    /// <summary>Refused: too many new connections a second from its client's network.</summary>
    ClientConnectionRateExceeded,

    /// <summary>Refused at its ClientHello: too many full handshakes a second from its client's network.</summary>
    ClientHandshakeRateExceeded,

    /// <summary>Refused: its client's network has, at all members of the fleet together, as many connections as it may.</summary>
    FleetClientTooManyConnections,

    /// <summary>Refused at its ClientHello: too many full handshakes a second from its client's network, at all members of the fleet together.</summary>
    FleetClientHandshakeRateExceeded,

    /// <summary>Refused at its ClientHello: the event loop is too far behind.</summary>
    LoopOverloaded,

    /// <summary>Refused at accept, or closed though idle: the process nears its memory limit.</summary>
    MemoryPressure,

    /// <summary>Refused at accept: the process has no file descriptors left for it.</summary>
    OutOfDescriptors,

    /// <summary>Refused by the access list: at accept, or once the proxy in front has said who the client is.</summary>
    AddressDenied,

    /// <summary>A fault of the gateway's own.</summary>
    InternalError,
}
