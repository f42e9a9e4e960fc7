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

    /// <summary>The whole handshake took longer than its timeout.</summary>
    HandshakeTimeout,

    /// <summary>No common version, cipher suite, group, signature algorithm or application protocol.</summary>
    NoCommonParameters,

    /// <summary>The client broke the TLS protocol.</summary>
    ProtocolViolation,

    /// <summary>The client sent a fatal alert.</summary>
    ClientAlert,

    /// <summary>The client's certificate was missing or refused.</summary>
    CertificateRejected,

    /// <summary>The client passed a bound: handshake bytes, KeyUpdates, warnings, records without data.</summary>
    LimitExceeded,

    /// <summary>No byte moved for the idle timeout.</summary>
    IdleTimeout,

    /// <summary>What was owed at the end could not be delivered within the shutdown timeout.</summary>
    ShutdownTimeout,

    /// <summary>No upstream address accepted a connection.</summary>
    UpstreamConnectFailed,

    /// <summary>No upstream address answered in time.</summary>
    UpstreamConnectTimeout,

    /// <summary>The upstream's TCP connection was reset or failed.</summary>
    UpstreamReset,

    /// <summary>Closed by the gateway when the drain time was over.</summary>
    Drained,

    /// <summary>The gateway stopped at once.</summary>
    Stopped,

    /// <summary>Refused at accept: the listener's connection limit.</summary>
    TooManyConnections,

    /// <summary>A fault of the gateway's own.</summary>
    InternalError,
}
