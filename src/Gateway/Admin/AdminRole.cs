namespace TlsGateway.Gateway.Admin;

/// <summary>What a caller of the admin endpoint may do; each includes those before it.</summary>
internal enum AdminRole
{
    /// <summary>Health only, which anybody may ask.</summary>
    None,

    /// <summary>Look at everything.</summary>
    Reader,

    /// <summary>Change things too.</summary>
    Admin,
}
