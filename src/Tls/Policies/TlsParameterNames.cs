namespace TlsGateway.Tls.Policies;

/// <summary>
/// The names that a <see cref="TlsPolicy"/> may hold (IANA "TLS Parameters" registries). What is broken or gives no forward secrecy is not among them, and neither is finite-field
/// Diffie-Hellman, which the guidelines dropped and which costs twenty times the elliptic curves' work.
/// </summary>
public static class TlsParameterNames
{
    /// <summary>Cipher suites of TLS 1.3 and 1.2; the last eight are CBC, for clients that have nothing better.</summary>
    public static IReadOnlyList<string> CipherSuites { get; } =
    [
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    ];

    /// <summary>Key exchange groups; the first three are hybrids with ML-KEM.</summary>
    public static IReadOnlyList<string> Groups { get; } =
    ["X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "x25519", "secp256r1", "x448", "secp384r1", "secp521r1"];

    /// <summary>Signature schemes; those that begin with rsa_pkcs1 are TLS 1.2's only.</summary>
    public static IReadOnlyList<string> SignatureAlgorithms { get; } =
    [
        "ecdsa_secp256r1_sha256",
        "ecdsa_secp384r1_sha384",
        "ecdsa_secp521r1_sha512",
        "ed25519",
        "ed448",
        "rsa_pss_rsae_sha256",
        "rsa_pss_rsae_sha384",
        "rsa_pss_rsae_sha512",
        "rsa_pss_pss_sha256",
        "rsa_pss_pss_sha384",
        "rsa_pss_pss_sha512",
        "rsa_pkcs1_sha256",
        "rsa_pkcs1_sha384",
        "rsa_pkcs1_sha512",
    ];

    /// <summary>A suite of TLS 1.3 names no key exchange: TLS_AES_128_GCM_SHA256, not TLS_ECDHE_….</summary>
    public static bool IsTls13Suite(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return !name.Contains("_WITH_", StringComparison.Ordinal);
    }
}
