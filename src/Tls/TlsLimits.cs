namespace TlsGateway.Tls;

/// <summary>
/// What a peer may do to one session. No engine has these limits (OpenSSL 3 accepts KeyUpdates without end), so the layer that feeds the engine counts and stops
/// feeding. Breaking one is <see cref="TlsStatus.Error"/> with <see cref="TlsFailureKind.LimitExceeded"/> and the limit's name in the failure.
/// </summary>
public sealed record TlsLimits
{
    public static TlsLimits Default { get; } = new();

    /// <summary>Ciphertext bytes of one handshake. 128 KiB holds the longest client certificate chain that OpenSSL takes (100 KiB) and its framing.</summary>
    public int MaxHandshakeBytes { get; init; } = 128 * 1024;

    /// <summary>Records in a row without application data, after the handshake. OpenSSL's own bound for empty records is 32.</summary>
    public int MaxRecordsWithoutData { get; init; } = 32;

    /// <summary>KeyUpdates that a peer may send over the life of a connection, beyond one for each 1,024 records received.</summary>
    public int MaxKeyUpdates { get; init; } = 64;

    /// <summary>Warning alerts over the life of a connection (RFC 5246 §7.2.2 lets them be ignored; a flood may not be).</summary>
    public int MaxWarnings { get; init; } = 8;

    /// <summary>Renegotiations that the peer begins, or is refused, over the life of a TLS 1.2 connection; they are rehandshakes too.</summary>
    public int MaxClientRehandshakes { get; init; } = 3;

    /// <summary>Rehandshakes over the life of a connection, whoever began them.</summary>
    public int MaxRehandshakes { get; init; } = 1024;

    /// <summary>
    /// Records under one sending key before a key update (TLS 1.3) or rehandshake (TLS 1.2) is due. RFC 8446 §5.5 allows 2^24.5 full records with
    /// AES-GCM; 2^24 keeps a margin.
    /// </summary>
    public long MaxRecordsPerKey { get; init; } = 1L << 24;
}
