namespace TlsGateway.Tls;

/// <summary>The server that one client session is for, where its context serves several.</summary>
public sealed record TlsServerTarget
{
    /// <summary>Sent as SNI, unless it is an address (RFC 6066 §3); null: none is sent.</summary>
    public string? ServerName { get; init; }

    /// <summary>Required in the server's certificate where the context verifies; null: <see cref="ServerName"/>, or any where that is null too.</summary>
    public string? ExpectedName { get; init; }

    /// <summary>ALPN; null: the context's.</summary>
    public IReadOnlyList<string>? ApplicationProtocols { get; init; }

    /// <summary>Sessions are resumed among those with the same text and names: the server's address, so that its tickets are not shown to another.</summary>
    public string ResumptionKey { get; init; } = "";

    internal string? VerifiedName => ExpectedName ?? ServerName;
}
