using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls;

/// <summary>
/// A session that is none: what comes in goes out as it is, in both directions, for a connection whose TLS is another's. <see cref="Read"/> gives what was committed,
/// <see cref="Write"/> takes what is to be sent; the handshake is over before it began. So whoever drives sessions can pass TLS through without a second way of doing it.
/// </summary>
/// <remarks>The end of the stream is clean whenever it comes: what it means is said inside, between the two who have the keys.</remarks>
public sealed unsafe class PassthroughSession(ITlsBufferPool buffers) : ITlsSession
{
    /// <summary>Bytes held in each direction at most; as much as one session of an engine.</summary>
    private const int ChunkBytes = OpenSslContext.ChunkBytes;

    private CiphertextBuffer _received;
    private CiphertextBuffer _toSend;
    private TlsCounters _counters;
    private bool _isEof;

    /// <inheritdoc/>
    public Span<byte> RxFree
    {
        get
        {
            _received.MakeRoom(buffers, ChunkBytes, tail: 1);
            return new Span<byte>(_received.TailPointer, _received.Tail);
        }
    }

    /// <inheritdoc/>
    public int RxBuffered => _received.Count;

    /// <summary>Everything that was committed and not yet read.</summary>
    public ReadOnlySpan<byte> Received => _received.Bytes;

    /// <inheritdoc/>
    public bool IsMidRecord => false;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> TxPending => _toSend.Bytes;

    /// <inheritdoc/>
    public bool IsHandshakeComplete => true;

    /// <inheritdoc/>
    public bool IsTls13 => false;

    /// <inheritdoc/>
    public bool IsResumed => false;

    /// <inheritdoc/>
    public bool OwesTickets => false;

    /// <inheritdoc/>
    public bool IsRehandshaking => false;

    /// <inheritdoc/>
    public bool MustReadFirst => false;

    /// <inheritdoc/>
    public TlsPeerCertificate? PeerCertificate => null;

    /// <inheritdoc/>
    public ref readonly TlsCounters Counters => ref _counters;

    /// <inheritdoc/>
    public TlsFailure Failure { get; private set; } = TlsFailure.None;

    /// <inheritdoc/>
    public TlsCapabilities Capabilities => TlsCapabilities.None;

    /// <inheritdoc/>
    public void RxCommit(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _received.Tail);
        _received.Append(bytes);
        _received.ReturnIfEmpty(buffers);
    }

    /// <inheritdoc/>
    public void RxEof() => _isEof = true;

    /// <inheritdoc/>
    public void TxConsume(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _toSend.Count);
        _toSend.Consume(bytes);
        _toSend.ReturnIfEmpty(buffers);
    }

    /// <inheritdoc/>
    public TlsStatus Handshake() => TlsStatus.Done;

    /// <inheritdoc/>
    public TlsStatus Read(Span<byte> destination, out int read)
    {
        read = Math.Min(destination.Length, _received.Count);
        _received.Bytes[..read].CopyTo(destination);
        _received.Consume(read);
        _received.ReturnIfEmpty(buffers);
        return read == destination.Length ? TlsStatus.Done
            : _isEof ? TlsStatus.Closed
            : TlsStatus.WantRead;
    }

    /// <inheritdoc/>
    public TlsStatus Write(ReadOnlySpan<byte> source, out int written)
    {
        _toSend.MakeRoom(buffers, ChunkBytes, tail: source.Length);
        written = Math.Min(source.Length, _toSend.Tail);
        source[..written].CopyTo(new Span<byte>(_toSend.TailPointer, written));
        _toSend.Append(written);
        _toSend.ReturnIfEmpty(buffers);
        return written == source.Length ? TlsStatus.Done : TlsStatus.WantWrite;
    }

    /// <inheritdoc/>
    public TlsStatus Shutdown() => TlsStatus.Done;

    /// <inheritdoc/>
    public TlsStatus Rehandshake() => NotSupported();

    /// <inheritdoc/>
    public TlsStatus KeyUpdate(bool askPeer) => NotSupported();

    /// <inheritdoc/>
    public TlsStatus RequestClientCertificate() => NotSupported();

    /// <summary>The session is dead from here on; no alert can be sent.</summary>
    public void Fail(TlsFailure failure) => Failure = failure with { Alert = -1 };

    /// <inheritdoc/>
    public bool TryExport(string label, ReadOnlySpan<byte> context, Span<byte> destination) => false;

    /// <inheritdoc/>
    public void Compact()
    {
        _received.Shrink(buffers);
        _toSend.Shrink(buffers);
    }

    /// <inheritdoc/>
    public TlsStatus FlushTickets() => TlsStatus.Done;

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> ReadPeerChain() => [];

    /// <summary>Nothing was negotiated here.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public TlsSessionInfo DescribeSession() => throw new NotSupportedException("TLS passes through: its session is the upstream's");

    /// <inheritdoc/>
    public void Dispose()
    {
        _received.Release(buffers);
        _toSend.Release(buffers);
    }

    private TlsStatus NotSupported()
    {
        Failure = new TlsFailure(TlsFailureKind.NotSupported, -1, "TLS passes through: its session is the upstream's");
        return TlsStatus.Error;
    }
}
