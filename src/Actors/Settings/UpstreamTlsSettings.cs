using TlsGateway.Tls;

namespace TlsGateway.Actors.Settings;

/// <summary>How an upstream is spoken to over TLS.</summary>
public sealed record UpstreamTlsSettings
{
    public TlsEngine Engine { get; init; } = TlsEngine.OpenSsl;

    /// <summary>Authorities, client certificate, versions, policy. Its server name and application protocols do not count: they are said here.</summary>
    public required TlsClientSettings Client { get; init; }

    /// <summary>The server name (SNI); "": that of the endpoint, which is its host name, or its address, which is verified and not sent.</summary>
    public string ServerName { get; init; } = "";

    /// <summary>The server name is the client's, where it sent one; else <see cref="ServerName"/>.</summary>
    public bool CopiesServerName { get; init; }

    /// <summary>Required in the certificate; "": the server name.</summary>
    public string ExpectedName { get; init; } = "";

    /// <summary>ALPN that is offered. Empty: none is.</summary>
    public IReadOnlyList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>What was agreed with the client is offered, and must be chosen.</summary>
    public bool CopiesApplicationProtocol { get; init; }
}
