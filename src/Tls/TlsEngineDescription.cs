namespace TlsGateway.Tls;

/// <summary>What an engine on this host is and has: the part of the parameters that policies know, by their IANA names.</summary>
/// <param name="Name">As in configuration: openssl, bouncycastle.</param>
/// <param name="Version">Its own words.</param>
/// <param name="Groups">Key exchange groups.</param>
/// <param name="Tls13CipherSuites">Suites of TLS 1.3.</param>
/// <param name="Tls12CipherSuites">Suites of TLS 1.2.</param>
/// <param name="Capabilities">Names of <see cref="TlsCapabilities"/>.</param>
/// <param name="X25519">By what the group x25519 is computed: "libsodium 1.0.22", or "its own" where that library is not here or may not be used (FIPS mode).</param>
public sealed record TlsEngineDescription(
    string Name,
    string Version,
    IReadOnlyList<string> Groups,
    IReadOnlyList<string> Tls13CipherSuites,
    IReadOnlyList<string> Tls12CipherSuites,
    IReadOnlyList<string> Capabilities,
    string X25519
);
