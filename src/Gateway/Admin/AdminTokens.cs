using System.Security.Cryptography;
using System.Text;

namespace TlsGateway.Gateway.Admin;

/// <summary>
/// The bearer tokens (RFC 6750) that the admin endpoint takes, as digests. All are compared with in the same time, whichever fits. Immutable.
/// </summary>
internal sealed class AdminTokens : IEquatable<AdminTokens>
{
    /// <summary>Characters of a token: fewer can be guessed. 22 of base64 are 128 bits; 16 leave something to choose.</summary>
    public const int MinLength = 16;

    /// <summary>More is no token of ours, and is not hashed.</summary>
    private const int MaxLength = 512;

    private readonly (byte[] Digest, AdminRole Role)[] _tokens;

    private AdminTokens((byte[], AdminRole)[] tokens) => _tokens = tokens;

    /// <summary>None: then only the address counts.</summary>
    public static AdminTokens None { get; } = new([]);

    public bool IsEmpty => _tokens.Length == 0;

    /// <param name="readers">Tokens of readers.</param>
    /// <param name="admins">Tokens of admins.</param>
    public static AdminTokens Of(IEnumerable<string> readers, IEnumerable<string> admins) =>
        new([
            .. readers.Select(static token => (Digest(token), AdminRole.Reader)),
            .. admins.Select(static token => (Digest(token), AdminRole.Admin)),
        ]);

    /// <summary>Whose token it is; <see cref="AdminRole.None"/>: nobody's.</summary>
    /// <param name="authorization">The header.</param>
    /// <param name="id">Eight hex digits of the token's digest, for the audit log; "" for nobody's.</param>
    public AdminRole RoleOf(string authorization, out string id)
    {
        const string Scheme = "Bearer ";
        id = "";
        if (!authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || authorization.Length > Scheme.Length + MaxLength)
        {
            return AdminRole.None;
        }
        var digest = Digest(authorization[Scheme.Length..].Trim());
        var role = RoleOf(digest);
        if (role != AdminRole.None)
        {
            id = IdOf(digest);
        }
        return role;
    }

    /// <summary>As above, of one token.</summary>
    /// <param name="token">As it was typed in.</param>
    /// <param name="digest">By which its role can be asked for later.</param>
    public AdminRole RoleOfToken(string token, out byte[] digest)
    {
        digest = token.Length > MaxLength ? [] : Digest(token.Trim());
        return RoleOf(digest);
    }

    /// <summary>What a token of this digest may do now.</summary>
    public AdminRole RoleOf(byte[] digest)
    {
        var role = AdminRole.None;
        foreach (var token in _tokens)
        {
            if (CryptographicOperations.FixedTimeEquals(token.Digest, digest) && token.Role > role)
            {
                role = token.Role;
            }
        }
        return role;
    }

    /// <summary>For the audit log: eight hex digits.</summary>
    public static string IdOf(byte[] digest) => Convert.ToHexStringLower(digest.AsSpan(0, 4));

    public bool Equals(AdminTokens? other) =>
        other is not null
        && _tokens.Length == other._tokens.Length
        && _tokens
            .Zip(other._tokens)
            .All(static pair => pair.First.Role == pair.Second.Role && pair.First.Digest.AsSpan().SequenceEqual(pair.Second.Digest));

    public override bool Equals(object? obj) => Equals(obj as AdminTokens);

    public override int GetHashCode() => _tokens.Length;

    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
