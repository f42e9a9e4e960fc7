using System.Text;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Security.Certificates;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.X509;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>CRLs (RFC 5280 §5): each certificate of a chain must be covered by a current one of its issuer and not be in it. Immutable.</summary>
internal sealed class RevocationLists
{
    private readonly List<X509Crl> _lists = [];

    /// <exception cref="TlsConfigurationException">A text holds no CRL.</exception>
    public RevocationLists(IReadOnlyList<string> pems)
    {
        for (int i = 0; i < pems.Count; i++)
        {
            int before = _lists.Count;
            try
            {
                _lists.AddRange(new X509CrlParser().ReadCrls(Encoding.ASCII.GetBytes(pems[i])));
            }
            catch (Exception e) when (e is CrlException or GeneralSecurityException or IOException or ArgumentException)
            {
                // Said below.
            }
            if (_lists.Count == before)
            {
                throw new TlsConfigurationException($"Revocation list {i + 1} holds no CRL: PEM text with BEGIN X509 CRL is expected.");
            }
        }
    }

    /// <summary>Null: none is revoked.</summary>
    /// <param name="chain">Verified, leaf first, root last.</param>
    public TlsFailure? Check(IReadOnlyList<byte[]> chain)
    {
        X509Certificate[] certificates = [.. chain.Select(static der => new X509Certificate(der))];
        for (int i = 0; i < certificates.Length - 1; i++)
        {
            if (CheckOne(certificates[i], certificates[i + 1]) is { } failure)
            {
                return failure;
            }
        }
        return null;
    }

    private TlsFailure? CheckOne(X509Certificate certificate, X509Certificate issuer)
    {
        DateTime now = TimeProvider.System.GetUtcNow().UtcDateTime;
        bool isOver = false;
        bool isCovered = false;
        foreach (X509Crl list in _lists)
        {
            if (!list.IssuerDN.Equivalent(issuer.SubjectDN) || !IsSignedBy(list, issuer))
            {
                continue;
            }
            if (list.IsRevoked(certificate))
            {
                return new TlsFailure(
                    TlsFailureKind.CertificateRevoked,
                    AlertDescription.certificate_revoked,
                    "certificate verify failed: certificate revoked"
                );
            }
            bool isCurrent = list.ThisUpdate.ToUniversalTime() <= now && !(list.NextUpdate?.ToUniversalTime() < now);
            isCovered |= isCurrent;
            isOver |= !isCurrent;
        }
        string problem = isOver ? "CRL has expired" : "unable to get certificate CRL";
        return isCovered
            ? null
            : new TlsFailure(
                TlsFailureKind.CertificateRejected,
                isOver ? AlertDescription.certificate_expired : AlertDescription.unknown_ca,
                $"certificate verify failed: {problem}"
            );
    }

    private static bool IsSignedBy(X509Crl list, X509Certificate issuer)
    {
        // RFC 5280 §6.3.3 (f): an issuer with key usages must have this one.
        if (issuer.GetKeyUsage() is { } usage && (usage.Length <= KeyUsageCrlSign || !usage[KeyUsageCrlSign]))
        {
            return false;
        }
        try
        {
            list.Verify(issuer.GetPublicKey());
            return true;
        }
        catch (GeneralSecurityException)
        {
            return false;
        }
    }

    /// <summary>Bit 6 of <see cref="KeyUsage"/>, as its array counts them.</summary>
    private const int KeyUsageCrlSign = 6;
}
