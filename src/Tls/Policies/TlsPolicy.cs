namespace TlsGateway.Tls.Policies;

/// <summary>
/// What may be negotiated, in names that both engines know: IANA names of cipher suites (RFC 8446 §B.4, RFC 5289), groups (RFC 8446 §4.2.7: x25519, secp256r1 …) and
/// signature schemes (RFC 8446 §4.2.3). Lists are in order of preference.
/// </summary>
/// <remarks>What an engine does not have is left out of what it offers; a list of which nothing is left is a <see cref="TlsConfigurationException"/>.</remarks>
public sealed record TlsPolicy
{
    /// <summary>What the operator calls it, for messages.</summary>
    public required string Name { get; init; }

    public required TlsVersion MinimumVersion { get; init; }

    public required TlsVersion MaximumVersion { get; init; }

    /// <summary>TLS 1.3 and TLS 1.2 suites together; each version takes its own.</summary>
    public required IReadOnlyList<string> CipherSuites { get; init; }

    public required IReadOnlyList<string> Groups { get; init; }

    public required IReadOnlyList<string> SignatureAlgorithms { get; init; }

    /// <summary>The server's order decides, except that a client without AES hardware that puts ChaCha20 first is heard. Off: the client's order decides.</summary>
    public required bool PreferServer { get; init; }

    /// <summary>Smallest RSA key of a certificate, ours or a client's, bits.</summary>
    public int MinimumRsaKeyBits { get; init; } = 2048;

    /// <summary>Smallest elliptic curve key of a certificate, ours or a client's, bits.</summary>
    public int MinimumEcKeyBits { get; init; } = 256;
}
