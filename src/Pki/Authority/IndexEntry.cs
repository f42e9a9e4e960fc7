using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Revocation;

namespace TlsGateway.Pki.Authority;

/// <summary>One certificate that an authority issued.</summary>
/// <param name="Serial">Upper-case hex.</param>
/// <param name="NotBefore">Valid from.</param>
/// <param name="NotAfter">Valid to.</param>
/// <param name="RevokedAt">Null: it is not revoked.</param>
/// <param name="Reason">Null: it is not revoked.</param>
/// <param name="Profile">What it is for.</param>
/// <param name="Name">What its files are called.</param>
/// <param name="Subject">RFC 4514 text, or "" for an empty subject.</param>
public sealed record IndexEntry(
    string Serial,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    DateTimeOffset? RevokedAt,
    RevocationReason? Reason,
    CertificateProfile Profile,
    string Name,
    string Subject
)
{
    public bool IsRevoked => RevokedAt is not null;

    /// <summary>good, expired or revoked: revoked stays revoked when it expires.</summary>
    public string StateAt(DateTimeOffset now) =>
        IsRevoked ? "revoked"
        : now > NotAfter ? "expired"
        : "good";
}
