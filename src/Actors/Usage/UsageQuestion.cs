namespace TlsGateway.Actors.Usage;

/// <summary>Who still does what.</summary>
public enum UsageQuestion
{
    /// <summary>Handshakes that ended well.</summary>
    Handshakes,

    /// <summary>Of them, those that came to TLS 1.2.</summary>
    Tls12,

    /// <summary>Of them, those whose key exchange no quantum computer must attack: without ML-KEM (FIPS 203).</summary>
    NoPostQuantumGroup,

    /// <summary>Of them, those without a server name (SNI).</summary>
    NoServerName,

    /// <summary>Nanoseconds for which connections were stalled, whoever was waited for.</summary>
    StalledNanos,
}
