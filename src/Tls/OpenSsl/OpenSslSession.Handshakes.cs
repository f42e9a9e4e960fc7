namespace TlsGateway.Tls.OpenSsl;

// The first handshake, who handles records after it, tickets, and renegotiation on TLS 1.2.
public sealed unsafe partial class OpenSslSession
{
    private TlsStatus FirstHandshake()
    {
        bool capture = _context.OwnsRecords;
        LibCrypto.ERR_clear_error();
        _io->TakesTrafficSecrets = capture;
        KeyDerivations.CaptureFor(_context.IsServer ? _io : null);
        int result = LibSsl.SSL_do_handshake(_ssl);
        KeyDerivations.CaptureFor(null);
        if (result != 1)
        {
            return StatusOf(result);
        }
        _io->HandshakeComplete = true;
        IsHandshakeComplete = true;
        _io->Counters.RxRecordsSinceKey = 0;
        _io->Counters.TxRecordsSinceKey = 0;
        _isTls13 = LibSsl.SSL_version(_ssl) == (int)TlsVersion.Tls13;
        _isResumed = LibSsl.SSL_session_reused(_ssl) == 1;
        if (!_context.IsServer && !_isTls13 && _isResumed)
        {
            // A renewed TLS 1.2 ticket makes a new session, of which OpenSSL tells nobody.
            KeepForResumption(LibSsl.SSL_get1_session(_ssl));
        }
        if (_isTls13 && _context.Tickets > 0)
        {
            // A resumed client spent one ticket and gets one back.
            _ticketsOwed = (byte)(_isResumed ? 1 : _context.Tickets);
        }
        // While OpenSSL's part is there; a refusal is sent once the records are ours, for only then can its alert be.
        TlsFailure refusal = ReadPeer();
        if (_isTls13 && capture && !OwnRecords())
        {
            _io->RxKeys.Release();
            _io->TxKeys.Release();
        }
        if (_ssl != 0)
        {
            _ = LibSsl.SSL_free_buffers(_ssl);
        }
        if (refusal.Kind != TlsFailureKind.None)
        {
            Fail(refusal);
            return TlsStatus.Error;
        }
        return TlsStatus.Done;
    }

    /// <summary>
    /// Takes the records of an open session over from OpenSSL, where the secrets are known and the suite is: receiving from the first record on (OpenSSL
    /// has read exactly to the end of the client's Finished), sending when no ticket is owed. Else OpenSSL goes on with both.
    /// </summary>
    private bool OwnRecords()
    {
        if (
            !_io->RxKeys.HasSecret
            || !_io->TxKeys.HasSecret
            || !_io->RxTracker.AtBoundary
            || LibSsl.SSL_pending(_ssl) != 0
            || !_io->RxKeys.TryBegin(Cipher(), encrypt: false, sequence: 0)
        )
        {
            return false;
        }
        _records = new RecordLayer(this, _io);
        if (_ticketsOwed == 0)
        {
            _ = OwnSending();
        }
        return true;
    }

    /// <summary>OpenSSL sends nothing more: its part of the session, some 10 KiB, is freed.</summary>
    private TlsStatus OwnSending()
    {
        if (_records is not { OwnsSending: false } records)
        {
            return TlsStatus.Done;
        }
        if (!records.TryOwnSending(Cipher(), _io->Counters.TxRecordsSinceKey))
        {
            return Die(new TlsFailure(TlsFailureKind.Internal, -1, "libcrypto made no cipher for the records to send"));
        }
        _info = ReadInfo();
        FreeSsl();
        return TlsStatus.Done;
    }

    /// <summary>No ticket is begun any more; WantWrite while one is half sent.</summary>
    private TlsStatus DropTickets()
    {
        _ticketsOwed = 0;
        return _records is { OwnsSending: false } ? SendTickets() : TlsStatus.Done;
    }

    private RecordCipher Cipher() => RecordCipher.OfSuite(LibSsl.SSL_CIPHER_get_protocol_id(LibSsl.SSL_get_current_cipher(_ssl)));

    private TlsStatus RenewKey(SessionIo* io)
    {
        if (_isTls13)
        {
            return KeyUpdate(askPeer: true);
        }
        // A server goes on under the old key while the client makes up its mind, but not without end.
        long limit = _context.Limits.MaxRecordsPerKey;
        if (!_context.IsServer || io->Counters.TxRecordsSinceKey > limit + Math.Max(limit / 4, RekeyGraceRecords))
        {
            return Die(new TlsFailure(TlsFailureKind.LimitExceeded, -1, nameof(TlsLimits.MaxRecordsPerKey)));
        }
        if (io->Rehandshaking)
        {
            return TlsStatus.Done;
        }
        TlsStatus status = Rehandshake();
        return status == TlsStatus.Error && !_isDead
            ? Die(new TlsFailure(TlsFailureKind.LimitExceeded, -1, nameof(TlsLimits.MaxRecordsPerKey)))
            : status;
    }

    private TlsStatus BeginRehandshake(SessionIo* io)
    {
        // RFC 5746: without secure renegotiation the new handshake would not be bound to this one.
        if (LibSsl.SSL_ctrl(_ssl, LibSsl.SSL_CTRL_GET_RI_SUPPORT, 0, null) != 1)
        {
            return Refuse("the peer does not support secure renegotiation (RFC 5746)");
        }
        LibCrypto.ERR_clear_error();
        if (LibSsl.SSL_renegotiate(_ssl) != 1)
        {
            return Die(OpenSslErrors.DrainFailure(_ssl, io->AlertSent));
        }
        SessionCallbacks.BeginRehandshake(io);
        return io->Limit == BrokenLimit.None ? SendHandshake() : DieOfLimit();
    }

    private TlsStatus SendTickets()
    {
        while (_ticketsOwed > 0)
        {
            // SSL_new_session_ticket(3): only asks; the next handshake or write call sends. 0 means that it is not the time, such as after close_notify.
            if (LibSsl.SSL_new_session_ticket(_ssl) != 1)
            {
                LibCrypto.ERR_clear_error();
                _ticketsOwed = 0;
                break;
            }
            _ticketsOwed--;
            _ticketsBegun = true;
        }
        if (_records is { OwnsSending: true })
        {
            return TlsStatus.Done;
        }
        TlsStatus status = _records is null || _ticketsBegun ? SendHandshake() : TlsStatus.Done;
        return status == TlsStatus.Done ? OwnSending() : status;
    }

    /// <summary>Lets OpenSSL send the handshake messages that it owes; Done also when it owes none.</summary>
    private TlsStatus SendHandshake()
    {
        LibCrypto.ERR_clear_error();
        _io->DataIsNext = false;
        int result = LibSsl.SSL_do_handshake(_ssl);
        if (result != 1)
        {
            return StatusOf(result);
        }
        // Entering the handshake allocated both record buffers; only a later read or write would release them, and an idle session has none.
        _ = LibSsl.SSL_free_buffers(_ssl);
        return TlsStatus.Done;
    }

    /// <summary>
    /// Drives a renegotiation. Application data that the peer sent before its next handshake message is decrypted into <see cref="SessionIo.Plain"/>, for OpenSSL's
    /// handshake and write calls take it for a violation (only SSL_read may meet it).
    /// </summary>
    /// <param name="waitForPeer">Go on to the end; else only until OpenSSL lets application data be written.</param>
    private TlsStatus DriveRehandshake(bool waitForPeer)
    {
        SessionIo* io = _io;
        while (io->Rehandshaking)
        {
            bool isRunning = LibSsl.SSL_in_init(_ssl) != 0;
            if (!isRunning && !waitForPeer)
            {
                return TlsStatus.Done;
            }
            TlsStatus status;
            if (isRunning && LibSsl.SSL_pending(_ssl) == 0)
            {
                status = SendHandshake();
                if (status == TlsStatus.Done || (status == TlsStatus.WantRead && io->DataIsNext))
                {
                    status = io->Rehandshaking && io->DataIsNext ? ReadAhead(io) : TlsStatus.Done;
                }
            }
            else
            {
                status = ReadAhead(io);
            }
            if (status != TlsStatus.Done)
            {
                return status;
            }
        }
        return TlsStatus.Done;
    }

    private TlsStatus ReadAhead(SessionIo* io)
    {
        if (MustReadFirst)
        {
            // The caller has to read what is there first: MustReadFirst.
            return TlsStatus.WantRead;
        }
        io->Plain.MakeRoom(_pool, _chunkBytes, Math.Min(MaxPlaintext, _chunkBytes));
        int result = SslRead(io, io->Plain.TailPointer, io->Plain.Tail);
        if (result > 0)
        {
            io->Plain.Append(result);
            return TlsStatus.Done;
        }
        io->Plain.ReturnIfEmpty(_pool);
        return StatusOf(result);
    }
}
