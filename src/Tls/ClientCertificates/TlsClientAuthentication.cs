namespace TlsGateway.Tls.ClientCertificates;

/// <summary>Whether clients show a certificate.</summary>
public enum ClientCertificateMode
{
    /// <summary>Not asked for in the first handshake. It may still be asked for later (step-up), if authorities are given.</summary>
    None,

    /// <summary>Asked for; a client without one is served. One that is shown must verify.</summary>
    Optional,

    /// <summary>Asked for; a client without one is refused (certificate_required).</summary>
    Required,
}

/// <summary>How a server checks its clients' certificates.</summary>
public sealed record TlsClientAuthentication
{
    public ClientCertificateMode Mode { get; init; }

    /// <summary>PEM text of the authorities that a client's certificate must chain to.</summary>
    public required string TrustedAuthoritiesPem { get; init; }

    /// <summary>Intermediates between the leaf and an authority.</summary>
    public int MaximumDepth { get; init; } = 4;

    /// <summary>PEM texts of CRLs (RFC 5280 §5). When there is any, each certificate of the chain must be covered by a current one.</summary>
    public IReadOnlyList<string> RevocationListsPem { get; init; } = [];

    /// <summary>
    /// Clients may be asked for a certificate later, by <see cref="ITlsSession.RequestClientCertificate"/>. Costs memory for each connection, since the engine's part of it has to stay.
    /// </summary>
    public bool AllowStepUp { get; init; }

    /// <summary>
    /// Called once the chain has verified: null lets the client in, else the reason that it is refused with (alert access_denied where the engine can send it). Must be quick,
    /// and must not throw. Null: every certificate of the authorities is let in.
    /// </summary>
    public Func<TlsPeerCertificate, string?>? Authorize { get; init; }
}
