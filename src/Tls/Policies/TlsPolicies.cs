namespace TlsGateway.Tls.Policies;

/// <summary>
/// The policies that operators know by name, as the server-side TLS guidelines that Mozilla began define them: version 6.0 (data.tlsref.org/guidelines/6.0.json), read 2026-11-25.
/// </summary>
/// <remarks>
/// One deviation: the guidelines leave the order to the client, so that a telephone without AES instructions gets ChaCha20. Here the server's order decides and a client that puts
/// ChaCha20 first is heard all the same; others get AES-128 where many of them would put AES-256 first, which costs a third more. The guidelines say nothing of signature
/// algorithms in the handshake; those here are what their certificates need.
/// </remarks>
public static class TlsPolicies
{
    private static readonly string[] Tls13Suites = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

    private static readonly string[] GuidelineGroups = ["X25519MLKEM768", "x25519", "secp256r1", "secp384r1"];

    /// <summary>TLS 1.3 only: for clients of the last years (Firefox 63, Chrome 70, Java 11, OpenSSL 1.1.1 and newer).</summary>
    public static TlsPolicy Modern { get; } =
        new()
        {
            Name = "modern",
            MinimumVersion = TlsVersion.Tls13,
            MaximumVersion = TlsVersion.Tls13,
            CipherSuites = Tls13Suites,
            Groups = GuidelineGroups,
            SignatureAlgorithms =
            [
                "ecdsa_secp256r1_sha256",
                "ecdsa_secp384r1_sha384",
                "ed25519",
                "rsa_pss_rsae_sha256",
                "rsa_pss_rsae_sha384",
                "rsa_pss_rsae_sha512",
            ],
            PreferServer = true,
        };

    /// <summary>TLS 1.2 and 1.3 with forward secrecy and AEAD only: the default.</summary>
    public static TlsPolicy Intermediate { get; } =
        new()
        {
            Name = "intermediate",
            MinimumVersion = TlsVersion.Tls12,
            MaximumVersion = TlsVersion.Tls13,
            CipherSuites =
            [
                .. Tls13Suites,
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            ],
            Groups = GuidelineGroups,
            SignatureAlgorithms =
            [
                .. Modern.SignatureAlgorithms,
                "ecdsa_secp521r1_sha512",
                "rsa_pss_pss_sha256",
                "rsa_pss_pss_sha384",
                "rsa_pss_pss_sha512",
                "rsa_pkcs1_sha256",
                "rsa_pkcs1_sha384",
                "rsa_pkcs1_sha512",
            ],
            PreferServer = true,
        };

    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<TlsPolicy> All { get; } = [Intermediate, Modern];
}
