using System.Security.Cryptography;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Tls.OpenSsl;

// The peer's certificate: who it is, whether it may come in, and asking for it after the handshake.
public sealed unsafe partial class OpenSslSession
{
    // RFC 8446 §6.2.
    private const int CertificateExpiredAlert = 45;
    private const int AccessDeniedAlert = 49;
    private const int BadCertificateAlert = 42;

    private TlsPeerCertificate? _peer;
    private nint _peerSeen;
    private string? _refusedSubject;
    private TlsFailure _refusal = TlsFailure.None;
    private bool _isStepUpPending;

    /// <inheritdoc/>
    public TlsPeerCertificate? PeerCertificate => _peer;

    /// <inheritdoc/>
    public TlsStatus RequestClientCertificate()
    {
        SessionIo* io = Io();
        if (_isDead)
        {
            return TlsStatus.Error;
        }
        if (!_context.IsServer || !_context.AllowsStepUp)
        {
            return Refuse("this listener asks no client for a certificate after the handshake: set stepUp");
        }
        if (!io->HandshakeComplete || _isCloseSent)
        {
            return Refuse("the session is not open");
        }
        if (_isStepUpPending || io->Rehandshaking)
        {
            return Refuse("a rehandshake is running");
        }
        LibSsl.SSL_set_verify(_ssl, LibSsl.SSL_VERIFY_PEER | LibSsl.SSL_VERIFY_FAIL_IF_NO_PEER_CERT, 0);
        if (!_isTls13)
        {
            return Rehandshake();
        }
        LibCrypto.ERR_clear_error();
        if (LibSsl.SSL_verify_client_post_handshake(_ssl) != 1)
        {
            LibCrypto.ERR_clear_error();
            return Refuse("the client did not offer post-handshake authentication (RFC 8446 §4.2.6)");
        }
        _isStepUpPending = true;
        TlsStatus status = SendHandshake();
        // The client's answer is awaited; what was asked for is done.
        return status == TlsStatus.WantRead ? TlsStatus.Done : status;
    }

    /// <inheritdoc/>
    public void Fail(TlsFailure failure)
    {
        _ = Io();
        if (!_isDead)
        {
            // Where none can be sent the failure does not claim one.
            bool isSent =
                failure.Alert >= 0
                && (_records is { } records ? records.SendFatalAlert((byte)failure.Alert) : SendFatalAlertOn12((byte)failure.Alert));
            Die(isSent ? failure : failure with { Alert = -1 });
        }
    }

    /// <summary>
    /// On records of TLS 1.2, which are OpenSSL's. False: not now (a renegotiation may have changed the keys, a record is half sent), or not with this suite.
    /// </summary>
    private bool SendFatalAlertOn12(byte alert)
    {
        SessionIo* io = _io;
        if (
            !IsHandshakeComplete
            || _isTls13
            || _isCloseSent
            || io->Rehandshaking
            || io->Counters.Rehandshakes > 0
            || !io->TxTracker.AtBoundary
        )
        {
            return false;
        }
        Span<byte> record = stackalloc byte[KeyBlock.MaxRecordBytes];
        ushort suite = LibSsl.SSL_CIPHER_get_protocol_id(LibSsl.SSL_get_current_cipher(_ssl));
        // Counted from the end of the handshake; before it came Finished.
        int length = io->KeyBlock.Seal(suite, _context.IsServer, io->Counters.TxRecordsSinceKey + 1, alert, record);
        if (length == 0)
        {
            return false;
        }
        io->Tx.MakeRoom(_pool, io->Tx.Count + length, length);
        record[..length].CopyTo(new Span<byte>(io->Tx.TailPointer, length));
        io->Tx.Append(length);
        io->Counters.TxRecords++;
        io->Counters.TxRecordsSinceKey++;
        return true;
    }

    /// <summary>For the verify callback: a certificate did not verify.</summary>
    internal void NoteRefused(ReadOnlySpan<byte> der) => _refusedSubject = SubjectOf(der);

    /// <summary>
    /// TLS 1.3 records will be ours: access_denied can be sent, and a certificate that verified is authorised after the handshake. OpenSSL itself has no way to send that alert.
    /// </summary>
    internal bool AuthorizesLater(nint ssl) => _context.OwnsRecords && LibSsl.SSL_version(ssl) == (int)TlsVersion.Tls13;

    /// <summary>Why a certificate that verified is refused all the same; null: it is not. Kept for <see cref="Failure"/>.</summary>
    internal string? Refusal(ReadOnlySpan<byte> der)
    {
        _refusal = Authorize(der, default, out _);
        return _refusal.Kind == TlsFailureKind.None ? null : _refusal.Detail;
    }

    /// <summary>After a handshake: reads who the client is. A failure: it may not come in.</summary>
    private TlsFailure ReadPeer()
    {
        if (_context.ClientAuthentication is null || _ssl == 0)
        {
            return TlsFailure.None;
        }
        nint certificate = LibSsl.SSL_get0_peer_certificate(_ssl);
        if (certificate == _peerSeen)
        {
            return TlsFailure.None;
        }
        _peerSeen = certificate;
        if (certificate == 0)
        {
            _peer = null;
            return TlsFailure.None;
        }
        TlsFailure failure = Authorize(ClientVerification.Der(certificate), IssuerDer(), out TlsPeerCertificate? peer);
        _peer = failure.Kind == TlsFailureKind.None ? peer : null;
        return failure;
    }

    private TlsFailure Authorize(ReadOnlySpan<byte> der, ReadOnlyMemory<byte> issuer, out TlsPeerCertificate? peer)
    {
        peer = null;
        try
        {
            (peer, int rsaBits, int ecBits) = PeerCertificateReader.Read(der, issuer);
            TlsPolicy policy = _context.Policy;
            if ((rsaBits > 0 && rsaBits < policy.MinimumRsaKeyBits) || (ecBits > 0 && ecBits < policy.MinimumEcKeyBits))
            {
                return Refused(TlsFailureKind.CertificateRejected, BadCertificateAlert, $"the key of {peer.Subject} is too small");
            }
            // In a resumed session nobody has looked at the dates again.
            if (_isResumed && peer.NotAfter < TimeProvider.System.GetUtcNow())
            {
                return Refused(
                    TlsFailureKind.CertificateExpired,
                    CertificateExpiredAlert,
                    $"the certificate of {peer.Subject} has expired"
                );
            }
            return _context.ClientAuthentication?.Authorize?.Invoke(peer) is { } reason
                ? Refused(TlsFailureKind.AccessDenied, AccessDeniedAlert, reason)
                : TlsFailure.None;
        }
        catch (CryptographicException unreadable)
        {
            return Refused(
                TlsFailureKind.CertificateRejected,
                BadCertificateAlert,
                $"the certificate cannot be read: {unreadable.Message}"
            );
        }
    }

    private static TlsFailure Refused(TlsFailureKind kind, int alert, string why) => new(kind, alert, why);

    private ReadOnlyMemory<byte> IssuerDer()
    {
        nint chain = LibSsl.SSL_get0_verified_chain(_ssl);
        return chain != 0 && LibCrypto.OPENSSL_sk_num(chain) > 1 ? ClientVerification.Der(LibCrypto.OPENSSL_sk_value(chain, 1)) : default;
    }

    /// <summary>A failure of OpenSSL's, with what our part of the verification knows of it.</summary>
    private TlsFailure WithPeer(TlsFailure failure)
    {
        if (_refusal.Kind != TlsFailureKind.None && failure.Kind == TlsFailureKind.CertificateRejected)
        {
            return _refusal with { Alert = failure.Alert };
        }
        return _refusedSubject is null ? failure : failure with { Detail = $"{failure.Detail} ({_refusedSubject})" };
    }

    /// <summary>Looks whether the client has answered a request for its certificate.</summary>
    private TlsStatus NoteStepUp(TlsStatus status)
    {
        if (_isDead || _context.ClientAuthentication is null || _ssl == 0)
        {
            return status;
        }
        if (!_isTls13)
        {
            // In the middle of a renegotiation the new session has no certificate yet.
            return _io->Rehandshaking ? status : TakePeerAgain(status);
        }
        if (!_isStepUpPending || LibSsl.SSL_get0_peer_certificate(_ssl) == _peerSeen)
        {
            return status;
        }
        _isStepUpPending = false;
        _io->Counters.Rehandshakes++;
        return TakePeerAgain(status);
    }

    /// <summary>After a rehandshake, which may have brought another certificate.</summary>
    private TlsStatus TakePeerAgain(TlsStatus status)
    {
        TlsFailure refusal = ReadPeer();
        if (refusal.Kind == TlsFailureKind.None)
        {
            return status;
        }
        Fail(refusal);
        return TlsStatus.Error;
    }

    private static string SubjectOf(ReadOnlySpan<byte> der)
    {
        try
        {
            return PeerCertificateReader.Read(der, default).Certificate.Subject;
        }
        catch (CryptographicException)
        {
            return "a certificate that cannot be read";
        }
    }
}
