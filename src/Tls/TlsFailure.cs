namespace TlsGateway.Tls;

/// <summary>Why a TLS session ended, told apart as far as an operator would act differently.</summary>
public enum TlsFailureKind
{
    None,

    /// <summary>The peer broke the protocol: bad record, unexpected message, decryption failed.</summary>
    ProtocolViolation,

    /// <summary>No common version, cipher suite, group or signature algorithm.</summary>
    NoCommonParameters,

    /// <summary>The peer sent a fatal alert; <see cref="TlsFailure.Alert"/> is its number.</summary>
    PeerAlert,

    /// <summary>The TCP connection ended without close_notify (RFC 8446 §6.1: a truncation attack cannot be excluded).</summary>
    Truncated,

    /// <summary>The peer's certificate was missing or refused.</summary>
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
