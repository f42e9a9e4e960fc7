using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.Policies;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Tls;

/// <summary>A certificate chain with its key, as PEM text. <see cref="ToString"/> never shows the key.</summary>
/// <param name="Name">What the operator calls it (a file name), for messages.</param>
/// <param name="ChainPem">Leaf first, then intermediates.</param>
/// <param name="KeyPem">An unencrypted PKCS#8, PKCS#1 or SEC1 key.</param>
public sealed record TlsCertificate(string Name, string ChainPem, string KeyPem)
{
    /// <summary>What is stapled to it; null: nothing.</summary>
    public ServerCertificateStaple? Staple { get; init; }

    public override string ToString() => $"TlsCertificate({Name})";
}

/// <summary>TLS versions that may be negotiated, an inclusive range.</summary>
public enum TlsVersion
{
    Tls12 = 0x0303,
    Tls13 = 0x0304,
}

/// <summary>The server side of one listener generation.</summary>
public sealed record TlsServerSettings
{
    /// <summary>
    /// The first is the default; the others are chosen by the host names in their leaf (exact before wildcard), RFC 6066 §3. Two for the same names with different kinds
    /// of key (ECDSA and RSA) are served together: the client's signature algorithms choose.
    /// </summary>
    public required IReadOnlyList<TlsCertificate> Certificates { get; init; }

    public TlsVersion MinimumVersion { get; init; } = TlsVersion.Tls12;
    public TlsVersion MaximumVersion { get; init; } = TlsVersion.Tls13;

    /// <summary>ALPN protocols in order of preference; empty: ALPN is not answered. No overlap with the client's: alert no_application_protocol.</summary>
    public IReadOnlyList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>Suites, groups and signature algorithms; null: the engine's own choice. Its versions do not count: <see cref="MinimumVersion"/> and <see cref="MaximumVersion"/> do.</summary>
    public TlsPolicy? Policy { get; init; }

    /// <summary>A server name that no certificate has gets alert unrecognized_name (RFC 6066 §3), and so does a client that sends none. Off: the default certificate is served.</summary>
    public bool RejectUnknownServerNames { get; init; }

    /// <summary>How clients' certificates are asked for and checked; null: never.</summary>
    public TlsClientAuthentication? ClientAuthentication { get; init; }

    /// <summary>The keys that tickets are sealed with; null: keys of the context's own, that <c>previous</c> hands on.</summary>
    public TicketKeyRing? TicketKeys { get; init; }

    /// <summary>How long a session may be resumed, by ticket or by session ID. RFC 8446 §4.6.1: at most 7 days.</summary>
    public TimeSpan SessionLifetime { get; init; } = TimeSpan.FromHours(2);

    /// <summary>TLS 1.2 sessions kept for resumption by session ID (RFC 5246 §7.3), for clients without tickets. 0: none.</summary>
    public int SessionCacheSize { get; init; }

    /// <summary>
    /// Sessions are resumed only where this is the same: a listener puts its name and its policy for clients' certificates here, so that a client let in at one door does not
    /// walk through another.
    /// </summary>
    public string SessionScope { get; init; } = "gateway";

    /// <summary>Gets each line in the format of NSS key logs (SSLKEYLOGFILE): all traffic can be read with them. For debugging only. Any thread.</summary>
    public Action<string>? KeyLog { get; init; }

    /// <summary>TLS 1.3 tickets per full handshake, 0 to 8. They go out with the first application data or by <see cref="ITlsSession.FlushTickets"/>; a resumed connection gets one back.</summary>
    public int Tickets { get; init; } = 1;

    /// <summary>The client may start a renegotiation on TLS 1.2. Off: it gets no_renegotiation.</summary>
    public bool AllowClientRenegotiation { get; init; }

    public TlsLimits Limits { get; init; } = TlsLimits.Default;
}

/// <summary>The client side towards one upstream.</summary>
public sealed record TlsClientSettings
{
    /// <summary>PEM text of the authorities that the server's certificate must chain to; null: the server is not verified.</summary>
    public string? TrustedAuthoritiesPem { get; init; }

    /// <summary>The name sent as SNI and, when verification is on, required in the server's certificate; null: neither. For one session: <see cref="TlsServerTarget"/>.</summary>
    public string? ServerName { get; init; }

    public TlsVersion MinimumVersion { get; init; } = TlsVersion.Tls12;
    public TlsVersion MaximumVersion { get; init; } = TlsVersion.Tls13;
    public IReadOnlyList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>As <see cref="TlsServerSettings.Policy"/>.</summary>
    public TlsPolicy? Policy { get; init; }

    /// <summary>Shown to a server that asks for one; null: an empty list is sent.</summary>
    public TlsCertificate? Certificate { get; init; }

    /// <summary>Offers post-handshake authentication (RFC 8446 §4.2.6) where the engine can.</summary>
    public bool OfferPostHandshakeAuthentication { get; init; }

    /// <summary>As <see cref="TlsServerSettings.KeyLog"/>.</summary>
    public Action<string>? KeyLog { get; init; }

    public TlsLimits Limits { get; init; } = TlsLimits.Default;
}
