namespace TlsGateway.Tls;

/// <summary>Why a call on an <see cref="ITlsSession"/> returned. Names follow OpenSSL's SSL_ERROR_* (SSL_get_error(3)).</summary>
public enum TlsStatus
{
    /// <summary>The call did all that it was asked (SSL_ERROR_NONE).</summary>
    Done,

    /// <summary>No progress until <see cref="ITlsSession.RxCommit"/> or <see cref="ITlsSession.RxEof"/> (SSL_ERROR_WANT_READ).</summary>
    WantRead,

    /// <summary>No progress until <see cref="ITlsSession.TxConsume"/> makes room (SSL_ERROR_WANT_WRITE).</summary>
    WantWrite,

    /// <summary>No progress until a look-up or key operation elsewhere ends (SSL_ERROR_WANT_ASYNC, _X509_LOOKUP, _CLIENT_HELLO_CB).</summary>
    WantAsync,

    /// <summary>The peer sent close_notify; nothing more will be read (SSL_ERROR_ZERO_RETURN). Writing may go on (RFC 8446 §6.1).</summary>
    Closed,

    /// <summary>The session is dead; <see cref="ITlsSession.Failure"/> says why. An alert for the peer may wait in <see cref="ITlsSession.TxPending"/>.</summary>
    Error,
}
