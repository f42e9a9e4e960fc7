namespace TlsGateway.Tls;

/// <summary>Why a TLS session ended, told apart as far as an operator would act differently.</summary>
public enum TlsFailureKind
{
    None,

    /// <summary>The peer broke the protocol: bad record, unexpected message, decryption failed.</summary>
    ProtocolViolation,

    /// <summary>Nothing in common, and the engine does not say what.</summary>
    NoCommonParameters,

    /// <summary>No TLS version that both allow.</summary>
    NoCommonVersion,

    /// <summary>No cipher suite that both allow, or none that fits the certificate.</summary>
    NoCommonCipherSuite,

    /// <summary>No key exchange group that both allow.</summary>
    NoCommonGroup,

    /// <summary>No signature algorithm that both allow and a certificate has a key for.</summary>
    NoCommonSignatureAlgorithm,

    /// <summary>No application protocol (ALPN) that both allow.</summary>
    NoCommonApplicationProtocol,

    /// <summary>The server name is not served here and unknown ones are refused.</summary>
    UnknownServerName,

    /// <summary>A certificate was required and none was shown.</summary>
    CertificateMissing,

    /// <summary>The peer's certificate is expired or not valid yet.</summary>
    CertificateExpired,

    /// <summary>The peer's certificate was revoked.</summary>
    CertificateRevoked,

    /// <summary>The peer's certificate is good, but the peer is not let in.</summary>
    AccessDenied,

    /// <summary>The peer sent a fatal alert; <see cref="TlsFailure.Alert"/> is its number.</summary>
    PeerAlert,

    /// <summary>The TCP connection ended without close_notify (RFC 8446 §6.1: a truncation attack cannot be excluded).</summary>
    Truncated,

    /// <summary>The peer's certificate was refused for another reason: not trusted, wrong name, wrong purpose, too weak.</summary>
    CertificateRejected,

    /// <summary>A <see cref="TlsLimits"/> bound was passed.</summary>
    LimitExceeded,

    /// <summary>The engine or version cannot do what was asked; the session goes on.</summary>
    NotSupported,

    /// <summary>The engine failed for a reason that is not the peer's.</summary>
    Internal,
}

/// <summary>A session's failure as a value.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Alert">The alert number sent or received (RFC 8446 §6), or -1.</param>
/// <param name="Detail">The engine's own words, or the limit's name; never key material or plaintext.</param>
public readonly record struct TlsFailure(TlsFailureKind Kind, int Alert, string Detail)
{
    public static TlsFailure None { get; } = new(TlsFailureKind.None, -1, "");
}
