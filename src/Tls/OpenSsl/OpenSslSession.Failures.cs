namespace TlsGateway.Tls.OpenSsl;

// What a call of OpenSSL came to: a status, and why a session is dead.
public sealed unsafe partial class OpenSslSession
{
    /// <summary>SSL_get_error(3), right after the call on the same thread.</summary>
    private TlsStatus StatusOf(int result)
    {
        if (_io->Limit != BrokenLimit.None)
        {
            return DieOfLimit();
        }
        switch (LibSsl.SSL_get_error(_ssl, result))
        {
            case LibSsl.SSL_ERROR_WANT_READ:
                return TlsStatus.WantRead;
            case LibSsl.SSL_ERROR_WANT_WRITE:
                return TlsStatus.WantWrite;
            case LibSsl.SSL_ERROR_ZERO_RETURN:
                return TlsStatus.Closed;
            case LibSsl.SSL_ERROR_WANT_X509_LOOKUP or LibSsl.SSL_ERROR_WANT_ASYNC or LibSsl.SSL_ERROR_WANT_CLIENT_HELLO_CB:
                return TlsStatus.WantAsync;
            case LibSsl.SSL_ERROR_SYSCALL when _io->Eof && _io->Rx.Count == 0:
                return Die(new TlsFailure(TlsFailureKind.Truncated, -1, "the peer closed without close_notify"));
            default:
                return Die(WithGroups(OpenSslErrors.DrainFailure(_ssl, _io->AlertSent)));
        }
    }

    /// <summary>On TLS 1.2 OpenSSL says "no shared cipher" of a client with whom no group is shared: no ECDHE suite could be used.</summary>
    private TlsFailure WithGroups(TlsFailure failure)
    {
        bool isGroup =
            failure.Kind == TlsFailureKind.NoCommonCipherSuite
            && _context.IsServer
            && LibSsl.SSL_ctrl(_ssl, LibSsl.SSL_CTRL_GET_GROUPS, 0, null) > 0
            && LibSsl.SSL_ctrl(_ssl, LibSsl.SSL_CTRL_GET_SHARED_GROUP, -1, null) == 0;
        return isGroup ? failure with { Kind = TlsFailureKind.NoCommonGroup, Detail = "no shared key exchange group" } : failure;
    }

    private TlsStatus DieOfLimit() => Die(new TlsFailure(TlsFailureKind.LimitExceeded, -1, LimitName(_io->Limit)));

    private TlsStatus Die(TlsFailure failure)
    {
        _failure = WithPeer(failure);
        _isDead = true;
        return TlsStatus.Error;
    }

    /// <summary>Refuses one call; the session goes on.</summary>
    private TlsStatus Refuse(string why)
    {
        _failure = new TlsFailure(TlsFailureKind.NotSupported, -1, why);
        return TlsStatus.Error;
    }

    private static string LimitName(BrokenLimit limit) =>
        limit switch
        {
            BrokenLimit.MaxHandshakeBytes => nameof(TlsLimits.MaxHandshakeBytes),
            BrokenLimit.MaxRecordsWithoutData => nameof(TlsLimits.MaxRecordsWithoutData),
            BrokenLimit.MaxKeyUpdates => nameof(TlsLimits.MaxKeyUpdates),
            BrokenLimit.MaxWarnings => nameof(TlsLimits.MaxWarnings),
            BrokenLimit.MaxRehandshakes => nameof(TlsLimits.MaxRehandshakes),
            BrokenLimit.MaxClientRehandshakes => nameof(TlsLimits.MaxClientRehandshakes),
            _ => throw new InvalidOperationException("no limit was broken"),
        };
}
