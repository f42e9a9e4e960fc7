namespace TlsGateway.Gateway.Admin;

/// <summary>Who may come to the admin endpoint, and how. Replaced as a whole by a reload.</summary>
/// <param name="Tokens">That are taken.</param>
/// <param name="Tls">Null: it speaks plain HTTP.</param>
internal sealed record AdminAccess(AdminTokens Tokens, AdminTls? Tls = null)
{
    /// <summary>Whoever reaches it is admin: on loopback only.</summary>
    public bool IsOpen => Tokens.IsEmpty && Tls?.Clients is null;
}
