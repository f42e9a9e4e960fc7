namespace TlsGateway.Tls;

/// <summary>
/// A session over a blocking transport, which retries by itself as SSL_MODE_AUTO_RETRY does: every <see cref="TlsStatus.WantRead"/> and
/// <see cref="TlsStatus.WantWrite"/> is answered by blocking I/O on the transport, so a rehandshake in the middle is never seen by the caller.
/// </summary>
/// <remarks>
/// One thread may read while another writes; the session itself is only called under a lock, which is never held during I/O. From then on the transport must take both at once,
/// and its asynchronous writes are used too: a reader does not wait for what another thread writes. On TLS 1.2, let a renegotiation end (<see cref="Handshake"/>) before
/// <see cref="Shutdown"/>: a client in the middle of one cannot answer with its own close_notify. TLS failures are <see cref="TlsException"/>s; what the transport throws passes through.
/// </remarks>
public sealed partial class BlockingTlsStream : Stream
{
    /// <summary>Four full records: fewer system calls, and still in the second-level cache.</summary>
    private const int PieceBytes = 64 * 1024;

    private readonly object _gate = new();
    private readonly ITlsSession _session;
    private readonly Stream _transport;
    private readonly bool _leaveOpen;
    private readonly byte[] _received = new byte[PieceBytes];
    private readonly byte[] _sending = new byte[PieceBytes];
    private int _receivedStart;
    private int _receivedEnd;
    private long _inputs;
    private long _outputs;
    private bool _isReceiving;
    private bool _isSending;
    private bool _isDisposed;
    private int _readers;
    private int _writers;
    private volatile bool _isDuplex;
    private Exception? _transportFailure;

    /// <summary>Takes over <paramref name="session"/>, and <paramref name="transport"/> unless <paramref name="leaveOpen"/>; no I/O yet.</summary>
    public BlockingTlsStream(ITlsSession session, Stream transport, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(transport);
        _session = session;
        _transport = transport;
        _leaveOpen = leaveOpen;
    }

    private enum Call
    {
        Handshake,
        Shutdown,
        Rehandshake,
        KeyUpdate,
        KeyUpdateAskingPeer,
    }

    /// <summary>The session, to be looked at while no other thread uses the stream; calls that move data belong to the stream.</summary>
    public ITlsSession Session => _session;

    /// <inheritdoc/>
    public override bool CanRead => !_isDisposed;

    /// <inheritdoc/>
    public override bool CanWrite => !_isDisposed;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException("A TLS stream has no length.");

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException("A TLS stream has no position.");
        set => throw new NotSupportedException("A TLS stream has no position.");
    }

    /// <summary>Runs the first handshake to its end. Read and Write do it too.</summary>
    /// <exception cref="TlsException">It failed; the alert was sent where the transport took it.</exception>
    public void Handshake() => Drive(Call.Handshake);

    /// <summary>Sends close_notify: this side writes no more; reading goes on (half-close).</summary>
    /// <exception cref="TlsException">The session is dead.</exception>
    public void Shutdown() => Drive(Call.Shutdown);

    /// <summary>Asks for a renegotiation (TLS 1.2); the reads and writes that follow carry it out.</summary>
    /// <returns>False: this session cannot (<see cref="ITlsSession.Failure"/> says why) and goes on.</returns>
    public bool Rehandshake() => Drive(Call.Rehandshake);

    /// <summary>Renews the sending keys (TLS 1.3), and the peer's if <paramref name="askPeer"/>.</summary>
    /// <returns>As <see cref="Rehandshake"/>.</returns>
    public bool KeyUpdate(bool askPeer) => Drive(askPeer ? Call.KeyUpdateAskingPeer : Call.KeyUpdate);

    /// <summary>Reads at least one byte, or 0 after the peer's close_notify.</summary>
    /// <exception cref="TlsTruncatedException">The transport ended without close_notify.</exception>
    /// <exception cref="TlsException">The session failed.</exception>
    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }
        Enter(ref _readers);
        try
        {
            while (true)
            {
                TlsStatus status;
                int read;
                long inputs;
                long outputs;
                lock (_gate)
                {
                    int held = Feed();
                    status = _session.Read(buffer, out read);
                    NoteProgress(held, read);
                    inputs = _inputs;
                    outputs = _outputs;
                }
                SendForReader(status);
                if (read > 0)
                {
                    return read;
                }
                if (status == TlsStatus.Closed)
                {
                    return 0;
                }
                Await(status, inputs, outputs);
            }
        }
        finally
        {
            Leave(ref _readers);
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>Encrypts all of <paramref name="buffer"/> and gives it to the transport.</summary>
    /// <exception cref="TlsException">The session failed, or the peer closed in the middle of a rehandshake.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Enter(ref _writers);
        try
        {
            while (true)
            {
                TlsStatus status;
                long inputs;
                long outputs;
                lock (_gate)
                {
                    int held = Feed();
                    status = _session.Write(buffer, out int written);
                    buffer = buffer[written..];
                    NoteProgress(held, written);
                    inputs = _inputs;
                    outputs = _outputs;
                }
                Send(status);
                if (status == TlsStatus.Done && buffer.IsEmpty)
                {
                    return;
                }
                if (status == TlsStatus.Closed)
                {
                    throw TlsException.From(new TlsFailure(TlsFailureKind.Truncated, -1, "the peer closed in the middle of a rehandshake"));
                }
                Await(status, inputs, outputs);
            }
        }
        finally
        {
            Leave(ref _writers);
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Sends what the session still has pending.</summary>
    public override void Flush()
    {
        Send();
        AwaitSent();
        _transport.Flush();
    }

    private void Enter(ref int users)
    {
        lock (_gate)
        {
            users++;
            _isDuplex |= _readers > 0 && _writers > 0;
        }
    }

    private void Leave(ref int users)
    {
        lock (_gate)
        {
            users--;
        }
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A TLS stream cannot seek.");

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException("A TLS stream has no length.");

    /// <summary>Ends both sides without close_notify: call <see cref="Shutdown"/> first. No other thread may be in a call, unless the transport's end frees it.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed)
        {
            if (!_leaveOpen)
            {
                _transport.Dispose();
            }
            lock (_gate)
            {
                _isDisposed = true;
                // Whoever is on the transport comes back to the lock before it touches the session again.
                while (_leaveOpen is false && (_isReceiving || _isSending))
                {
                    Monitor.Wait(_gate);
                }
                _session.Dispose();
                Monitor.PulseAll(_gate);
            }
        }
        base.Dispose(disposing);
    }
}
