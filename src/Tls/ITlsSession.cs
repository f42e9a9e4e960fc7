using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Tls;

/// <summary>
/// One TLS connection, without I/O: ciphertext goes in by <see cref="RxFree"/>/<see cref="RxCommit"/>/<see cref="RxEof"/> and comes out by
/// <see cref="TxPending"/>/<see cref="TxConsume"/>. The contract is OpenSSL's for non-blocking sockets: <em>any</em> call may return
/// <see cref="TlsStatus.WantRead"/> or <see cref="TlsStatus.WantWrite"/>, because a handshake can run at any time; a call that did not finish is
/// repeated with the same data (the buffer may move).
/// </summary>
/// <remarks>
/// One thread at a time. Both ciphertext buffers are bounded and are rented from the <see cref="ITlsBufferPool"/> only while they hold bytes: a session
/// with nothing in flight owns none. Expected failures are values (<see cref="TlsStatus.Error"/> and <see cref="Failure"/>), never exceptions; only a
/// broken invariant (such as committing more than was free) throws.
/// </remarks>
public interface ITlsSession : IDisposable
{
    /// <summary>Where received ciphertext goes. Empty: the buffer is full, stop reading the socket until a call consumed some.</summary>
    Span<byte> RxFree { get; }

    /// <summary>Takes <paramref name="bytes"/> that were put at the start of <see cref="RxFree"/>. 0 gives an unused buffer back to the pool.</summary>
    void RxCommit(int bytes);

    /// <summary>The peer closed its side of the TCP connection. After the buffered records, <see cref="Read"/> returns <see cref="TlsStatus.Closed"/> if
    /// close_notify came, else <see cref="TlsStatus.Error"/> with <see cref="TlsFailureKind.Truncated"/>.</summary>
    void RxEof();

    /// <summary>Ciphertext received and not yet taken by the engine, bytes.</summary>
    int RxBuffered { get; }

    /// <summary>True while a record is partly received, wherever its first bytes are held: the peer owes the rest of it.</summary>
    bool IsMidRecord { get; }

    /// <summary>Ciphertext to be sent, oldest first. Stays valid until the next call on the session.</summary>
    ReadOnlySpan<byte> TxPending { get; }

    /// <summary>Drops <paramref name="bytes"/> from the start of <see cref="TxPending"/>: they were sent.</summary>
    void TxConsume(int bytes);

    /// <summary>Drives the first handshake, or a rehandshake in progress, as far as it goes.</summary>
    TlsStatus Handshake();

    /// <summary>
    /// Decrypts as many whole records as fit. <paramref name="read"/> bytes are in <paramref name="destination"/> whatever the status is; the status says what
    /// stopped it: <see cref="TlsStatus.Done"/> when the destination is full.
    /// </summary>
    TlsStatus Read(Span<byte> destination, out int read);

    /// <summary>
    /// Encrypts as much as fits in the output. <paramref name="written"/> bytes were taken whatever the status is; <see cref="TlsStatus.Done"/> when all were.
    /// After another status the caller repeats with the rest of the same data.
    /// <para>
    /// <see cref="TlsStatus.WantRead"/>: a renegotiation runs. Application data that arrives meanwhile is kept, within the session's bound, for <see cref="Read"/>; when
    /// that bound is reached, <see cref="RxBuffered"/> stays above 0 and only <see cref="Read"/> helps. <see cref="TlsStatus.Closed"/>: the peer closed in the middle of it.
    /// After <see cref="Shutdown"/> a write is the caller's fault and throws.
    /// </para>
    /// </summary>
    TlsStatus Write(ReadOnlySpan<byte> source, out int written);

    /// <summary>
    /// Queues close_notify: this side sends no more. <see cref="TlsStatus.Done"/> once it is in <see cref="TxPending"/>, or at once before the first handshake
    /// is over, when there is nothing to send. <see cref="TlsStatus.WantRead"/> while a rehandshake runs: call it again when the peer sent its part.
    /// Reading may go on.
    /// </summary>
    TlsStatus Shutdown();

    /// <summary>
    /// Asks for a rehandshake: on TLS 1.2 renegotiation (HelloRequest from a server, RFC 5246 §7.4.1.1). <see cref="TlsStatus.Done"/> when asked;
    /// <see cref="IsRehandshaking"/> stays true until it ended. On TLS 1.3 <see cref="TlsStatus.Error"/> with <see cref="TlsFailureKind.NotSupported"/>,
    /// which leaves the session usable.
    /// </summary>
    TlsStatus Rehandshake();

    /// <summary>Renews the sending keys (RFC 8446 §4.6.3), and the peer's if <paramref name="askPeer"/>. TLS 1.3 only, else as <see cref="Rehandshake"/> on 1.3.</summary>
    TlsStatus KeyUpdate(bool askPeer);

    /// <summary>
    /// Asks the client for a certificate after the handshake (step-up): post-handshake authentication on TLS 1.3 (RFC 8446 §4.6.2), renegotiation on TLS 1.2. Server role, with
    /// <see cref="TlsServerSettings.ClientAuthentication"/>. <see cref="TlsStatus.Done"/> when asked; <see cref="IsRehandshaking"/> stays true until the client answered, then
    /// <see cref="PeerCertificate"/> has the outcome. What cannot be asked is refused as in <see cref="Rehandshake"/>.
    /// </summary>
    TlsStatus RequestClientCertificate();

    /// <summary>
    /// Ends the session for a reason of the caller's: queues the fatal alert of <paramref name="failure"/> where the engine can send one, and is dead from then on. The failure
    /// becomes <see cref="Failure"/>, with -1 for an alert that could not be sent.
    /// </summary>
    void Fail(TlsFailure failure);

    /// <summary>
    /// Keying material for another protocol (RFC 8446 §7.5, RFC 5705), only once <see cref="IsHandshakeComplete"/>. False: this session cannot give it (any more).
    /// </summary>
    bool TryExport(string label, ReadOnlySpan<byte> context, Span<byte> destination);

    /// <summary>Moves held ciphertext into the smallest buffers that hold it. For a caller that is about to wait.</summary>
    void Compact();

    /// <summary>The first handshake ended well.</summary>
    bool IsHandshakeComplete { get; }

    /// <summary>TLS 1.3 was negotiated; false until <see cref="IsHandshakeComplete"/>.</summary>
    bool IsTls13 { get; }

    /// <summary>A ticket or session ID was used; false until <see cref="IsHandshakeComplete"/>.</summary>
    bool IsResumed { get; }

    /// <summary>Tickets wait to leave with the next <see cref="Write"/>.</summary>
    bool OwesTickets { get; }

    /// <summary>Queues the owed tickets now, for a caller with nothing to write. Without any owed it does nothing.</summary>
    TlsStatus FlushTickets();

    /// <summary>A rehandshake was asked for or is running.</summary>
    bool IsRehandshaking { get; }

    /// <summary>
    /// Application data that came during a rehandshake fills the room kept for it: a <see cref="Write"/> that says <see cref="TlsStatus.WantRead"/> goes on
    /// only after <see cref="Read"/> took some.
    /// </summary>
    bool MustReadFirst { get; }

    /// <summary>The peer's leaf certificate, verified; null when it showed none or none was asked for. Changes when a rehandshake ends.</summary>
    TlsPeerCertificate? PeerCertificate { get; }

    /// <summary>
    /// The certificates that the peer sent, DER, leaf first, as they came: verified only when the settings ask for it. Empty when it showed none, or when the engine
    /// no longer has them. Allocates: for tools, once per handshake.
    /// </summary>
    IReadOnlyList<byte[]> ReadPeerChain();

    /// <summary>What was negotiated; meaningful once <see cref="IsHandshakeComplete"/>. Allocates: call it once per handshake.</summary>
    TlsSessionInfo DescribeSession();

    /// <summary>Counts that limits and metrics read.</summary>
    ref readonly TlsCounters Counters { get; }

    /// <summary>Why the session died or refused a call, after <see cref="TlsStatus.Error"/>.</summary>
    TlsFailure Failure { get; }

    /// <summary>What this engine can do in this role.</summary>
    TlsCapabilities Capabilities { get; }
}
