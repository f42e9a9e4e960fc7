using System.Runtime.InteropServices;
using System.Text;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// <see cref="ITlsSession"/> over one SSL object whose BIO is two bounded buffers. Beyond OpenSSL's own behaviour it holds the peer to <see cref="TlsLimits"/>, renews
/// the sending key in time, sends TLS 1.3 tickets together with the first data, and lets Write drive a renegotiation while application data still arrives.
/// </summary>
/// <remarks>One thread at a time. Dispose is required: there is no finalizer, because the pool may not be called from another thread.</remarks>
public sealed unsafe class OpenSslSession : ITlsSession
{
    /// <summary>RFC 8446 §5.1: 2^14 bytes of plaintext a record.</summary>
    private const int MaxPlaintext = 16384;

    /// <summary>
    /// What a write may need beyond its plaintext: a record's header, nonce, content type and tag (at most 29 bytes with AEAD), and a KeyUpdate or HelloRequest record that
    /// OpenSSL sends before it (under 64 bytes). A record is only begun when all of this fits, so that OpenSSL never holds half of one.
    /// </summary>
    internal const int RecordReserve = 256;

    /// <summary>Free tail below which received bytes are moved to the front: one record, so that a read of the socket can complete one.</summary>
    private const int SmallTail = MaxPlaintext + RecordReserve;

    /// <summary>What a TLS 1.2 server may send while its HelloRequest is on the way and answered: 16 MiB, the buffers of a fast and long line.</summary>
    private const int RekeyGraceRecords = 1024;

    private static long _liveCount;

    private readonly OpenSslContext _context;
    private readonly ITlsBufferPool _pool;
    private readonly int _chunkBytes;
    private SessionIo* _io;
    private nint _ssl;
    private TlsCounters _finalCounters;
    private TlsFailure _failure = TlsFailure.None;
    private RecordLayer? _records;
    private TlsSessionInfo? _info;
    private byte _ticketsOwed;
    private bool _isDead;
    private bool _isTls13;
    private bool _isResumed;
    private bool _ticketsBegun;
    private bool _isCloseSent;

    internal OpenSslSession(OpenSslContext context, ITlsBufferPool pool, int chunkBytes)
    {
        _context = context;
        _pool = pool;
        _chunkBytes = chunkBytes;
        _ssl = context.AcquireSsl();
        _io = (SessionIo*)NativeMemory.AllocZeroed((nuint)sizeof(SessionIo));
        _io->Owner = GCHandle.ToIntPtr(GCHandle.Alloc(this));
        _io->AlertSent = -1;
        _io->MaxHandshakeBytes = context.Limits.MaxHandshakeBytes;
        _io->MaxRecordsWithoutData = context.Limits.MaxRecordsWithoutData;
        _io->MaxKeyUpdates = context.Limits.MaxKeyUpdates;
        _io->MaxWarnings = context.Limits.MaxWarnings;
        _io->MaxRehandshakes = context.Limits.MaxRehandshakes;
        nint bio = SessionCallbacks.CreateBio(_io);
        LibSsl.SSL_set_bio(_ssl, bio, bio);
        Interlocked.Increment(ref _liveCount);
    }

    /// <summary>Sessions of this process that are not disposed: for leak tests and a gauge.</summary>
    public static long LiveCount => Interlocked.Read(ref _liveCount);

    /// <inheritdoc/>
    public Span<byte> RxFree
    {
        get
        {
            SessionIo* io = Io();
            io->Rx.MakeRoom(_pool, _chunkBytes, Math.Min(SmallTail, _chunkBytes));
            return new Span<byte>(io->Rx.TailPointer, io->Rx.Tail);
        }
    }

    /// <inheritdoc/>
    public void RxCommit(int bytes)
    {
        SessionIo* io = Io();
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, io->Rx.Tail);
        io->Rx.Append(bytes);
        io->Rx.ReturnIfEmpty(_pool);
    }

    /// <inheritdoc/>
    public void RxEof() => Io()->Eof = true;

    /// <inheritdoc/>
    public int RxBuffered => Io()->Rx.Count;

    /// <inheritdoc/>
    public bool IsMidRecord
    {
        get
        {
            // A copy of the tracker runs ahead over what is buffered but not yet taken.
            RecordTracker ahead = Io()->RxTracker;
            ahead.Advance(Io()->Rx.Bytes);
            return !ahead.AtBoundary;
        }
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> TxPending => Io()->Tx.Bytes;

    /// <inheritdoc/>
    public void TxConsume(int bytes)
    {
        SessionIo* io = Io();
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, io->Tx.Count);
        io->Tx.Consume(bytes);
        io->Tx.ReturnIfEmpty(_pool);
    }

    /// <inheritdoc/>
    public bool IsHandshakeComplete { get; private set; }

    /// <inheritdoc/>
    public bool IsTls13 => _isTls13;

    /// <inheritdoc/>
    public bool IsResumed => _isResumed;

    /// <inheritdoc/>
    public bool OwesTickets => _ticketsOwed > 0;

    /// <inheritdoc/>
    public bool MustReadFirst => _io != null && _chunkBytes - _io->Plain.Count < Math.Min(MaxPlaintext, _chunkBytes);

    /// <inheritdoc/>
    public bool IsRehandshaking => _io != null && _io->Rehandshaking;

    /// <inheritdoc/>
    public ref readonly TlsCounters Counters
    {
        get
        {
            if (_io != null)
            {
                return ref _io->Counters;
            }
            return ref _finalCounters;
        }
    }

    /// <inheritdoc/>
    public TlsFailure Failure => _failure;

    /// <inheritdoc/>
    public TlsCapabilities Capabilities => TlsCapabilities.Renegotiation | TlsCapabilities.KeyUpdate | TlsCapabilities.Tls13Resumption;

    /// <inheritdoc/>
    public TlsStatus Handshake()
    {
        SessionIo* io = Io();
        if (_isDead)
        {
            return TlsStatus.Error;
        }
        TlsStatus status = io->HandshakeComplete ? DriveRehandshake(waitForPeer: true) : FirstHandshake();
        io->Rx.ReturnIfEmpty(_pool);
        return status;
    }

    /// <inheritdoc/>
    public TlsStatus Read(Span<byte> destination, out int read)
    {
        read = 0;
        SessionIo* io = Io();
        TlsStatus status = Ready(io);
        if (status == TlsStatus.Done && _records is { } records)
        {
            fixed (byte* start = destination)
            {
                status = Outcome(records, records.Read(start, destination.Length, out read));
            }
        }
        else if (status == TlsStatus.Done)
        {
            read = TakePlain(io, destination);
            status = ReadRecords(io, destination, ref read);
        }
        io->Rx.ReturnIfEmpty(_pool);
        return status;
    }

    /// <inheritdoc/>
    public TlsStatus Write(ReadOnlySpan<byte> source, out int written)
    {
        written = 0;
        SessionIo* io = Io();
        if (_isCloseSent && !_isDead)
        {
            throw new InvalidOperationException("Write after Shutdown: close_notify is out (RFC 8446 §6.1).");
        }
        TlsStatus status = Ready(io);
        if (status == TlsStatus.Done && !source.IsEmpty)
        {
            status = WriteRecords(io, source, ref written);
        }
        io->Rx.ReturnIfEmpty(_pool);
        return status;
    }

    /// <inheritdoc/>
    public TlsStatus FlushTickets()
    {
        SessionIo* io = Io();
        if (_isDead)
        {
            return TlsStatus.Error;
        }
        return io->HandshakeComplete ? SendTickets() : TlsStatus.Done;
    }

    /// <inheritdoc/>
    public TlsStatus Shutdown()
    {
        SessionIo* io = Io();
        if (_isDead)
        {
            return TlsStatus.Error;
        }
        // Before the first handshake is over there is no key that the peer could check a close_notify with: send nothing.
        if (_isCloseSent || !io->HandshakeComplete)
        {
            _isCloseSent = true;
            return TlsStatus.Done;
        }
        if (_records is { } records)
        {
            // Tickets that did not leave by now never will; those that have begun to go first.
            TlsStatus ready = DropTickets();
            ready = ready == TlsStatus.Done ? Outcome(records, records.Close()) : ready;
            _isCloseSent = ready == TlsStatus.Done;
            return ready;
        }
        // OpenSSL cannot send it while a rehandshake runs: that has to end first. Tickets or a KeyUpdate that did not fit yet go before it too.
        TlsStatus status = io->Rehandshaking ? DriveRehandshake(waitForPeer: false) : SendHandshake();
        if (status != TlsStatus.Done)
        {
            return status;
        }
        LibCrypto.ERR_clear_error();
        int result = LibSsl.SSL_shutdown(_ssl);
        if (result < 0)
        {
            return StatusOf(result);
        }
        _isCloseSent = true;
        return TlsStatus.Done;
    }

    /// <inheritdoc/>
    public TlsStatus Rehandshake()
    {
        SessionIo* io = Io();
        if (_isDead)
        {
            return TlsStatus.Error;
        }
        if (!io->HandshakeComplete || _isTls13 || _isCloseSent)
        {
            return Refuse("TLS 1.3 has no renegotiation, nor has a session that is not open");
        }
        TlsStatus status = io->Rehandshaking ? DriveRehandshake(waitForPeer: false) : BeginRehandshake(io);
        // The peer's answer is awaited; what was asked for is done.
        return status == TlsStatus.WantRead ? TlsStatus.Done : status;
    }

    /// <inheritdoc/>
    public TlsStatus KeyUpdate(bool askPeer)
    {
        SessionIo* io = Io();
        if (_isDead)
        {
            return TlsStatus.Error;
        }
        if (!io->HandshakeComplete || !_isTls13 || _isCloseSent)
        {
            return Refuse("only an open TLS 1.3 session has KeyUpdate");
        }
        if (_records is { } records)
        {
            TlsStatus sent = _ticketsOwed > 0 || !records.OwnsSending ? SendTickets() : TlsStatus.Done;
            return sent == TlsStatus.Done ? Outcome(records, records.KeyUpdate(askPeer)) : sent;
        }
        // What is already being sent (tickets, an answer to the peer's KeyUpdate) goes first.
        TlsStatus status = SendHandshake();
        if (status != TlsStatus.Done)
        {
            return status;
        }
        LibCrypto.ERR_clear_error();
        if (LibSsl.SSL_key_update(_ssl, askPeer ? LibSsl.SSL_KEY_UPDATE_REQUESTED : LibSsl.SSL_KEY_UPDATE_NOT_REQUESTED) != 1)
        {
            return Die(OpenSslErrors.DrainFailure(_ssl, io->AlertSent));
        }
        return SendHandshake();
    }

    /// <inheritdoc/>
    public void Compact()
    {
        SessionIo* io = Io();
        io->Rx.Shrink(_pool);
        io->Tx.Shrink(_pool);
        io->Plain.Shrink(_pool);
    }

    /// <inheritdoc/>
    public TlsSessionInfo DescribeSession()
    {
        _ = Io();
        return _info ?? ReadInfo();
    }

    private TlsSessionInfo ReadInfo()
    {
        byte* alpn;
        uint alpnLength;
        LibSsl.SSL_get0_alpn_selected(_ssl, &alpn, &alpnLength);
        byte* serverName = LibSsl.SSL_get_servername(_ssl, LibSsl.TLSEXT_NAMETYPE_host_name);
        return new TlsSessionInfo(
            LibSsl.SSL_version(_ssl) == (int)TlsVersion.Tls13 ? "TLSv1.3" : "TLSv1.2",
            InternedNames.Get(LibSsl.SSL_CIPHER_standard_name(LibSsl.SSL_get_current_cipher(_ssl))),
            InternedNames.Get(LibSsl.SSL_group_to_name(_ssl, (int)LibSsl.SSL_ctrl(_ssl, LibSsl.SSL_CTRL_GET_NEGOTIATED_GROUP, 0, null))),
            _context.ProtocolName(new ReadOnlySpan<byte>(alpn, (int)alpnLength)),
            serverName == null ? "" : Encoding.Latin1.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(serverName)),
            LibSsl.SSL_session_reused(_ssl) == 1
        );
    }

    /// <summary>Frees the native session and returns its buffers. <see cref="Counters"/> and <see cref="Failure"/> stay readable.</summary>
    public void Dispose()
    {
        if (_io == null)
        {
            return;
        }
        _finalCounters = _io->Counters;
        FreeSsl();
        _io->RxKeys.Release();
        _io->TxKeys.Release();
        _io->Rx.Release(_pool);
        _io->Tx.Release(_pool);
        _io->Plain.Release(_pool);
        GCHandle.FromIntPtr(_io->Owner).Free();
        NativeMemory.Free(_io);
        _io = null;
        Interlocked.Decrement(ref _liveCount);
    }

    /// <summary>For the BIO: output memory for <paramref name="bytes"/> more, as far as the bound allows.</summary>
    internal void MakeTxRoom(int bytes) => _io->Tx.MakeRoom(_pool, _chunkBytes, bytes);

    /// <summary>For the new-session callback: takes over a reference to <paramref name="session"/>.</summary>
    internal void KeepForResumption(nint session) => _context.ClientSessions!.Add(session);

    /// <summary>Plaintext of one record at most, so that a record fits the output buffer.</summary>
    internal int LargestPiece => Math.Min(MaxPlaintext, _chunkBytes - RecordReserve);

    internal long MaxRecordsPerKey => _context.Limits.MaxRecordsPerKey;

    /// <summary>For <see cref="RecordLayer"/>: room for a record of <paramref name="bytes"/>; WantWrite when there is none, Error when the pool gave no memory.</summary>
    internal TlsStatus FindRoom(int bytes)
    {
        try
        {
            return HasRoomFor(_io, bytes) ? TlsStatus.Done : TlsStatus.WantWrite;
        }
        catch (Exception)
        {
            return TlsStatus.Error;
        }
    }

    /// <summary>For <see cref="RecordLayer"/>: an alert can be sent. Not while tickets are half sent, nor after close_notify.</summary>
    internal bool MayAlert() => !_isCloseSent && DropTickets() == TlsStatus.Done;

    private void FreeSsl()
    {
        if (_ssl == 0)
        {
            return;
        }
        if (IsHandshakeComplete && !_isDead)
        {
            // Else SSL_free marks the session as not resumable, an old rule (RFC 2246 §7.2.1) that RFC 5246 §7.2.1 dropped.
            LibSsl.SSL_set_shutdown(_ssl, LibSsl.SSL_SENT_SHUTDOWN | LibSsl.SSL_RECEIVED_SHUTDOWN);
        }
        LibSsl.SSL_free(_ssl);
        _ssl = 0;
        _context.Release();
    }

    private SessionIo* Io()
    {
        ObjectDisposedException.ThrowIf(_io == null, this);
        return _io;
    }

    /// <summary>Reading and writing need a live session whose first handshake is over; this drives it.</summary>
    private TlsStatus Ready(SessionIo* io)
    {
        if (_isDead)
        {
            return TlsStatus.Error;
        }
        return io->HandshakeComplete ? TlsStatus.Done : FirstHandshake();
    }

    private TlsStatus FirstHandshake()
    {
        bool capture = _context.IsServer && KeyScheduleProvider.IsLoaded;
        LibCrypto.ERR_clear_error();
        KeyScheduleProvider.CaptureFor(capture ? _io : null);
        int result = LibSsl.SSL_do_handshake(_ssl);
        KeyScheduleProvider.CaptureFor(null);
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
        if (_isTls13 && _context.Tickets > 0)
        {
            // A resumed client spent one ticket and gets one back.
            _ticketsOwed = (byte)(_isResumed ? 1 : _context.Tickets);
        }
        if (_isTls13 && capture)
        {
            OwnRecords();
        }
        if (_ssl != 0)
        {
            _ = LibSsl.SSL_free_buffers(_ssl);
        }
        return TlsStatus.Done;
    }

    /// <summary>
    /// Takes the records of an open session over from OpenSSL, where the secrets are known and the suite is: receiving from the first record on (OpenSSL
    /// has read exactly to the end of the client's Finished), sending when no ticket is owed. Else OpenSSL goes on with both.
    /// </summary>
    private void OwnRecords()
    {
        if (!_io->RxKeys.HasSecret || !_io->TxKeys.HasSecret || !_io->RxTracker.AtBoundary || LibSsl.SSL_pending(_ssl) != 0)
        {
            return;
        }
        if (!_io->RxKeys.TryBegin(Cipher(), encrypt: false, sequence: 0))
        {
            return;
        }
        _records = new RecordLayer(this, _io);
        if (_ticketsOwed == 0)
        {
            _ = OwnSending();
        }
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

    /// <summary>The status of a call on <paramref name="records"/>, its failure taken over.</summary>
    private TlsStatus Outcome(RecordLayer records, TlsStatus status) =>
        status != TlsStatus.Error ? status
        : _io->Limit != BrokenLimit.None ? DieOfLimit()
        : Die(records.Failure);

    private static int TakePlain(SessionIo* io, Span<byte> destination)
    {
        int count = Math.Min(io->Plain.Count, destination.Length);
        if (count > 0)
        {
            new ReadOnlySpan<byte>(io->Plain.First, count).CopyTo(destination);
            io->Plain.Consume(count);
        }
        return count;
    }

    private TlsStatus ReadRecords(SessionIo* io, Span<byte> destination, ref int read)
    {
        io->Plain.ReturnIfEmpty(_pool);
        fixed (byte* start = destination)
        {
            while (read < destination.Length)
            {
                int room = destination.Length - read;
                int result = SslRead(io, start + read, room);
                if (result <= 0)
                {
                    return StatusOf(result);
                }
                read += result;
                // The record is used up and there is no more input: OpenSSL would only say WANT_READ.
                if (result < room && io->Rx.Count == 0 && !io->Eof)
                {
                    return io->Limit == BrokenLimit.None ? TlsStatus.WantRead : DieOfLimit();
                }
            }
        }
        return TlsStatus.Done;
    }

    private int SslRead(SessionIo* io, byte* destination, int room)
    {
        LibCrypto.ERR_clear_error();
        io->Reading = true;
        int result = LibSsl.SSL_read(_ssl, destination, room);
        io->Reading = false;
        if (result > 0)
        {
            io->Counters.RxRecordsSinceData = 0;
        }
        return result;
    }

    private TlsStatus WriteRecords(SessionIo* io, ReadOnlySpan<byte> source, ref int written)
    {
        fixed (byte* start = source)
        {
            while (written < source.Length)
            {
                if (_records is { OwnsSending: true } records)
                {
                    return Outcome(records, records.Write(start, source.Length, out written));
                }
                TlsStatus status = BeforeWrite(io);
                if (status != TlsStatus.Done)
                {
                    return status;
                }
                if (_records is { OwnsSending: true })
                {
                    continue;
                }
                int piece = Math.Min(source.Length - written, LargestPiece);
                if (!HasRoomFor(io, piece + RecordReserve))
                {
                    return TlsStatus.WantWrite;
                }
                LibCrypto.ERR_clear_error();
                int result = LibSsl.SSL_write(_ssl, start + written, piece);
                if (result <= 0)
                {
                    return StatusOf(result);
                }
                written += result;
            }
        }
        return TlsStatus.Done;
    }

    /// <summary>What has to be sent or received before application data may go out.</summary>
    private TlsStatus BeforeWrite(SessionIo* io)
    {
        if (io->Rehandshaking)
        {
            TlsStatus status = DriveRehandshake(waitForPeer: false);
            if (status != TlsStatus.Done)
            {
                return status;
            }
        }
        if (_ticketsOwed > 0 || _records is { OwnsSending: false })
        {
            TlsStatus status = SendTickets();
            if (status != TlsStatus.Done)
            {
                return status;
            }
        }
        return io->Counters.TxRecordsSinceKey < _context.Limits.MaxRecordsPerKey ? TlsStatus.Done : RenewKey(io);
    }

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

    /// <summary>Makes room behind what waits in Tx without moving much; false when the caller must first send.</summary>
    private bool HasRoomFor(SessionIo* io, int bytes)
    {
        if (io->Tx.Tail >= bytes)
        {
            return true;
        }
        // Moving is worth it when little is held; a queue that is more than half full drains by itself.
        if (io->Tx.Count > _chunkBytes / 2 || _chunkBytes - io->Tx.Count < bytes)
        {
            return false;
        }
        io->Tx.MakeRoom(_pool, _chunkBytes, bytes);
        return io->Tx.Tail >= bytes;
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
                return Die(OpenSslErrors.DrainFailure(_ssl, _io->AlertSent));
        }
    }

    private TlsStatus DieOfLimit() => Die(new TlsFailure(TlsFailureKind.LimitExceeded, -1, LimitName(_io->Limit)));

    private TlsStatus Die(TlsFailure failure)
    {
        _failure = failure;
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
            _ => throw new InvalidOperationException("no limit was broken"),
        };
}
