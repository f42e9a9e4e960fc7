namespace TlsGateway.Pki.Revocation;

/// <summary>Why a certificate was revoked: RFC 5280 §5.3.1. The values are those of the CRLReason extension.</summary>
public enum RevocationReason
{
    Unspecified = 0,
    KeyCompromise = 1,
    CaCompromise = 2,
    AffiliationChanged = 3,
    Superseded = 4,
    CessationOfOperation = 5,
    CertificateHold = 6,

    // 7 is not used, and 8 (removeFromCRL) belongs to delta CRLs, which are not made here.
    PrivilegeWithdrawn = 9,
    AaCompromise = 10,
}
