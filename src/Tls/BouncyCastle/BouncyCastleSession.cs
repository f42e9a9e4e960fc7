using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>
/// <see cref="ITlsSession"/> over BouncyCastle's non-blocking protocol. BouncyCastle bounds neither its plaintext nor its output, so it is given one whole record at a time, and
/// only when all that the one before gave was taken; it is asked to encrypt only what the output has room for.
/// </summary>
/// <remarks>One thread at a time. Dispose is required, since the buffers are the pool's.</remarks>
public sealed unsafe partial class BouncyCastleSession : ITlsSession
{
    private readonly BouncyCastleContext _context;
    private readonly ITlsBufferPool _pool;
    private readonly EngineEvents _events;
    private readonly IEngineProtocol _engine;
    private CiphertextBuffer _rx;
    private CiphertextBuffer _tx;
    private RecordTracker _txTracker;
    private TlsFailure _failure = TlsFailure.None;
    private bool _isStarted;
    private bool _isEof;
    private bool _isDead;
    private bool _isCloseSent;
    private bool _isDisposed;

    internal BouncyCastleSession(BouncyCastleContext context, ITlsBufferPool pool, TlsServerTarget target)
    {
        _context = context;
        _pool = pool;
        _events = new EngineEvents(context.Limits);
        _engine = context.IsServer ? new ServerProtocol(context, _events) : new ClientProtocol(context, _events, target);
    }

    /// <inheritdoc/>
    public Span<byte> RxFree
    {
        get
        {
            Check();
            _rx.MakeRoom(_pool, BouncyCastleContext.ChunkBytes, RecordHeader.MaxRecord);
            return new Span<byte>(_rx.TailPointer, _rx.Tail);
        }
    }

    /// <inheritdoc/>
    public void RxCommit(int bytes)
    {
        Check();
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _rx.Tail);
        _rx.Append(bytes);
        _rx.ReturnIfEmpty(_pool);
    }

    /// <inheritdoc/>
    public void RxEof() => _isEof = true;

    /// <inheritdoc/>
    public int RxBuffered => _rx.Count;

    /// <inheritdoc/>
    public bool IsMidRecord
    {
        get
        {
            RecordTracker ahead = default;
            ahead.Advance(_rx.Bytes);
            return !ahead.AtBoundary;
        }
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> TxPending => _tx.Bytes;

    /// <inheritdoc/>
    public void TxConsume(int bytes)
    {
        Check();
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _tx.Count);
        _tx.Consume(bytes);
        _tx.ReturnIfEmpty(_pool);
    }

    /// <inheritdoc/>
    public bool IsHandshakeComplete => _events.IsHandshakeComplete;

    /// <inheritdoc/>
    public bool IsTls13 => _events.IsTls13;

    /// <inheritdoc/>
    public bool IsResumed => _events.Info?.IsResumed ?? false;

    /// <inheritdoc/>
    public bool OwesTickets => _events.OwedTickets.Count > 0;

    /// <inheritdoc/>
    public bool MustReadFirst => false;

    /// <inheritdoc/>
    public bool IsRehandshaking => false;

    /// <inheritdoc/>
    public ref readonly TlsCounters Counters => ref _events.Counters;

    /// <inheritdoc/>
    public TlsFailure Failure => _failure;

    /// <inheritdoc/>
    public TlsCapabilities Capabilities =>
        _context.IsServer ? BouncyCastleContext.Capabilities : BouncyCastleContext.Capabilities & ~TlsCapabilities.Tls13Resumption;

    /// <inheritdoc/>
    public TlsPeerCertificate? PeerCertificate => _events.PeerCertificate;

    /// <summary>The chain that the peer showed, DER, leaf first; empty when it showed none or it is not known.</summary>
    public IReadOnlyList<byte[]> ReadPeerChain() => _events.PeerChain;

    /// <inheritdoc/>
    public TlsStatus Rehandshake() => Refuse("the engine bouncycastle has no renegotiation");

    /// <inheritdoc/>
    public TlsStatus RequestClientCertificate() => Refuse("the engine bouncycastle asks for certificates in the first handshake only");

    /// <summary>As the interface says; false also on TLS 1.2 without extended master secret (RFC 7627 §5.4).</summary>
    public bool TryExport(string label, ReadOnlySpan<byte> context, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(label);
        Check();
        return !_isDead && !destination.IsEmpty && _events.Exporter is { } exporter && exporter.TryExport(label, context, destination);
    }

    /// <inheritdoc/>
    public TlsSessionInfo DescribeSession() => _events.Info ?? throw new InvalidOperationException("The handshake is not complete.");

    /// <inheritdoc/>
    public void Compact()
    {
        Check();
        _rx.Shrink(_pool);
        _tx.Shrink(_pool);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _events.Exporter?.Clear();
            _rx.Release(_pool);
            _tx.Release(_pool);
        }
    }

    private void Check() => ObjectDisposedException.ThrowIf(_isDisposed, this);

    private TlsStatus Refuse(string detail)
    {
        Check();
        if (!_isDead)
        {
            _failure = new TlsFailure(TlsFailureKind.NotSupported, -1, detail);
        }
        return TlsStatus.Error;
    }
}
