namespace TlsGateway.Tls;

/// <summary>What a handshake negotiated. Names of suites, groups and configured protocols are interned: the same value is the same object.</summary>
/// <param name="Version">"TLSv1.2" or "TLSv1.3", as OpenSSL names them.</param>
/// <param name="CipherSuite">The IANA name, such as TLS_AES_128_GCM_SHA256, on either version.</param>
/// <param name="Group">The key exchange group as the engine names it, or "" when there was none.</param>
/// <param name="ApplicationProtocol">The ALPN protocol, or "".</param>
/// <param name="ServerName">The SNI host name the client sent (not checked against configuration), or "".</param>
/// <param name="IsResumed">A ticket or session ID was used.</param>
public sealed record TlsSessionInfo(
    string Version,
    string CipherSuite,
    string Group,
    string ApplicationProtocol,
    string ServerName,
    bool IsResumed
)
{
    /// <summary>Of the server's certificate: the scheme the server signed with (RFC 8446 §4.2.3), or "" when it did not sign or the engine does not say.</summary>
    public string SignatureAlgorithm { get; init; } = "";

    /// <summary>In the server role: what the certificate that was shown is signed with, such as RSA-SHA256 or ecdsa-with-SHA256; "" where it is not known.</summary>
    public string CertificateSignature { get; init; } = "";

    /// <summary>In the server role: the kind of the certificate's key and its bits, such as RSA2048 or EC256; "" where it is not known.</summary>
    public string CertificateKey { get; init; } = "";
}
