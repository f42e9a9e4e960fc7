using System.Security.Cryptography;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.X509;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Pki.Revocation;

/// <summary>Makes full CRLs, version 2 (RFC 5280 §5). An entry stays for good: dropping it after its certificate's end saves little here.</summary>
public static class CrlFactory
{
    public static X509Crl Make(
        X509Certificate issuer,
        AsymmetricKeyParameter key,
        IEnumerable<IndexEntry> revoked,
        BigInteger number,
        DateTimeOffset thisUpdate,
        DateTimeOffset nextUpdate
    )
    {
        X509V2CrlGenerator generator = new();
        generator.SetIssuerDN(issuer.SubjectDN);
        generator.SetThisUpdate(thisUpdate.UtcDateTime);
        generator.SetNextUpdate(nextUpdate.UtcDateTime);
        foreach (var entry in revoked)
        {
            BigInteger serial = new(entry.Serial, radix: 16);
            var at = entry.RevokedAt!.Value.UtcDateTime;
            if (entry.Reason is { } reason and not RevocationReason.Unspecified)
            {
                generator.AddCrlEntry(serial, at, (int)reason);
                continue;
            }
            // RFC 5280 §5.3.1: an unspecified reason is left out.
            generator.AddCrlEntry(serial, at, (X509Extensions?)null);
        }
        generator.AddExtension(
            X509Extensions.AuthorityKeyIdentifier,
            critical: false,
            new AuthorityKeyIdentifier(CertificateFactory.IssuerIdentifier(issuer))
        );
        generator.AddExtension(X509Extensions.CrlNumber, critical: false, new Org.BouncyCastle.Asn1.X509.CrlNumber(number));
        return generator.Generate(PrivateKeys.Signer(key));
    }

    /// <summary>The CRL's number, or null when it has none.</summary>
    public static BigInteger? NumberOf(X509Crl crl) =>
        crl.GetExtensionValue(X509Extensions.CrlNumber) is { } value
            ? DerInteger.GetInstance(Asn1Object.FromByteArray(value.GetOctets())).Value
            : null;

    /// <summary>When the next list is due.</summary>
    public static DateTimeOffset NextUpdateOf(X509Crl crl) => KeyFacts.Time(crl.NextUpdate ?? DateTime.MaxValue);

    public static string ToPem(X509Crl crl) => PemEncoding.WriteString("X509 CRL", crl.GetEncoded()) + "\n";
}
