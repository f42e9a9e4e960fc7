using System.Runtime.InteropServices;
using System.Text;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// <see cref="ITlsSession"/> over one SSL object whose BIO is two bounded buffers. Beyond OpenSSL's own behaviour it holds the peer to <see cref="TlsLimits"/>, renews
/// the sending key in time, sends TLS 1.3 tickets together with the first data, and lets Write drive a renegotiation while application data still arrives.
/// </summary>
/// <remarks>One thread at a time. Dispose is required: there is no finalizer, because the pool may not be called from another thread.</remarks>
public sealed unsafe partial class OpenSslSession : ITlsSession
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
    private readonly ClientSessionCache? _clientSessions;
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

    internal OpenSslSession(OpenSslContext context, ITlsBufferPool pool, int chunkBytes, TlsServerTarget target)
    {
        _context = context;
        _pool = pool;
        _chunkBytes = chunkBytes;
        _clientSessions = context.SessionsFor(target);
        _ssl = context.AcquireSsl(target, _clientSessions);
        _io = (SessionIo*)NativeMemory.AllocZeroed((nuint)sizeof(SessionIo));
        _io->Owner = GCHandle.ToIntPtr(GCHandle.Alloc(this));
        _io->AlertSent = -1;
        _io->MaxHandshakeBytes = context.Limits.MaxHandshakeBytes;
        _io->MaxRecordsWithoutData = context.Limits.MaxRecordsWithoutData;
        _io->MaxKeyUpdates = context.Limits.MaxKeyUpdates;
        _io->MaxWarnings = context.Limits.MaxWarnings;
        _io->MaxRehandshakes = context.Limits.MaxRehandshakes;
        // A client's session is asked by its server, which is not bounded so.
        _io->MaxClientRehandshakes = context.IsServer ? context.Limits.MaxClientRehandshakes : int.MaxValue;
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
    public bool IsRehandshaking => _io != null && (_io->Rehandshaking || _isStepUpPending);

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
    public TlsCapabilities Capabilities => OpenSslContext.Capabilities;

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
            status = NoteStepUp(ReadRecords(io, destination, ref read));
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
        if (io->Rehandshaking && (status is TlsStatus.WantRead or TlsStatus.Closed) && IsClosedByPeer)
        {
            // A server that closed in the middle of it answers no more, and OpenSSL has no way out of it to send anything.
            _isCloseSent = true;
            return TlsStatus.Done;
        }
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
    public bool TryExport(string label, ReadOnlySpan<byte> context, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(label);
        SessionIo* io = Io();
        if (_isDead || !IsHandshakeComplete || destination.IsEmpty)
        {
            return false;
        }
        byte[] labelBytes = Encoding.ASCII.GetBytes(label);
        if (_ssl == 0)
        {
            return io->Exporter.TryExport(labelBytes, context, destination);
        }
        fixed (byte* labelStart = labelBytes)
        fixed (byte* contextStart = context)
        fixed (byte* output = destination)
        {
            LibCrypto.ERR_clear_error();
            // RFC 5705 §4 tells no context from an empty one, which RFC 8446 §7.5 does not: none is what peers use.
            int done = LibSsl.SSL_export_keying_material(
                _ssl,
                output,
                (nuint)destination.Length,
                labelStart,
                (nuint)labelBytes.Length,
                contextStart,
                (nuint)context.Length,
                context.IsEmpty ? 0 : 1
            );
            LibCrypto.ERR_clear_error();
            return done == 1;
        }
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
        CertificateAlgorithms shown = _context.AlgorithmsOf(LibSsl.SSL_get_certificate(_ssl));
        byte* serverName = LibSsl.SSL_get_servername(_ssl, LibSsl.TLSEXT_NAMETYPE_host_name);
        return new TlsSessionInfo(
            LibSsl.SSL_version(_ssl) == (int)TlsVersion.Tls13 ? "TLSv1.3" : "TLSv1.2",
            InternedNames.Get(LibSsl.SSL_CIPHER_standard_name(LibSsl.SSL_get_current_cipher(_ssl))),
            InternedNames.Get(LibSsl.SSL_group_to_name(_ssl, (int)LibSsl.SSL_ctrl(_ssl, LibSsl.SSL_CTRL_GET_NEGOTIATED_GROUP, 0, null))),
            _context.ProtocolName(new ReadOnlySpan<byte>(alpn, (int)alpnLength)),
            serverName == null ? "" : Encoding.Latin1.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(serverName)),
            LibSsl.SSL_session_reused(_ssl) == 1
        )
        {
            CertificateSignature = shown.Signature,
            CertificateKey = shown.Key,
        };
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
        _io->Exporter.Clear();
        _io->KeyBlock.Clear();
        _io->Rx.Release(_pool);
        _io->Tx.Release(_pool);
        _io->Plain.Release(_pool);
        GCHandle.FromIntPtr(_io->Owner).Free();
        NativeMemory.Free(_io);
        _io = null;
        Interlocked.Decrement(ref _liveCount);
    }

    internal TicketKeyRing TicketKeys => _context.TicketKeys;

    internal void LogKey(string line) => _context.KeyLog?.Invoke(line);

    /// <summary>For the new-session callback: takes over a reference to <paramref name="session"/>.</summary>
    internal void KeepForResumption(nint session)
    {
        if (_clientSessions is { } sessions)
        {
            sessions.Add(session);
        }
        else
        {
            LibSsl.SSL_SESSION_free(session);
        }
    }

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

    private bool IsClosedByPeer => (LibSsl.SSL_get_shutdown(_ssl) & LibSsl.SSL_RECEIVED_SHUTDOWN) != 0;

    /// <summary>OpenSSL's part of the session is not freed yet.</summary>
    internal bool HoldsSsl => _ssl != 0;

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
}
