using System.Security.Cryptography;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.Ocsp;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.X509;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Pki.Inspection;

/// <summary>Describes certificates.</summary>
public static class CertificateInspection
{
    /// <summary>Operators renew at a third of 90 days; later is late.</summary>
    private const int SoonDays = 14;

    private static readonly string[] UsageNames =
    [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    private static readonly Dictionary<string, string> PurposeNames = new(StringComparer.Ordinal)
    {
        [KeyPurposeID.id_kp_serverAuth.Id] = "serverAuth",
        [KeyPurposeID.id_kp_clientAuth.Id] = "clientAuth",
        [KeyPurposeID.id_kp_codeSigning.Id] = "codeSigning",
        [KeyPurposeID.id_kp_emailProtection.Id] = "emailProtection",
        [KeyPurposeID.id_kp_timeStamping.Id] = "timeStamping",
        [KeyPurposeID.id_kp_OCSPSigning.Id] = "OCSPSigning",
        [KeyPurposeID.AnyExtendedKeyUsage.Id] = "any",
    };

    public static InspectedItem Describe(X509Certificate certificate, DateTimeOffset now)
    {
        var key = certificate.GetPublicKey();
        var isAuthority = certificate.GetBasicConstraints() >= 0;
        var names = AlternativeNames.Of(certificate);
        InspectedItem item = new("certificate");
        item.Add("subject", "subject", DistinguishedName.ToText(certificate.SubjectDN))
            .Add("issuer", "issuer", DistinguishedName.ToText(certificate.IssuerDN))
            .Add("serial", "serial number", KeyFacts.Serial(certificate.SerialNumber))
            .Add("names", "names", names.ToTexts())
            .Add("notBefore", "valid from", KeyFacts.Time(certificate.NotBefore))
            .Add("notAfter", "valid to", KeyFacts.Time(certificate.NotAfter))
            .Add("daysLeft", "days left", DaysLeft(certificate, now))
            .Add("key", "key", KeyFacts.Describe(key))
            .Add("keyFingerprint", "key SHA-256", KeyFacts.Fingerprint(certificate.SubjectPublicKeyInfo))
            .Add("signature", "signed with", certificate.SigAlgName)
            .Add("isAuthority", "authority", isAuthority);
        if (isAuthority && certificate.GetBasicConstraints() is not int.MaxValue and var length)
        {
            item.Add("pathLength", "path length", length);
        }
        AddUsages(item, certificate);
        item.Add("fingerprint", "SHA-256", Convert.ToHexString(SHA256.HashData(certificate.GetEncoded())));
        WarnOf(item, certificate, now);
        return item.Warn(KeyFacts.Weakness(key)).Warn(isAuthority || !names.IsEmpty ? null : NoNames(certificate));
    }

    /// <summary>Whole days until it ends; negative when it has.</summary>
    public static int DaysLeft(X509Certificate certificate, DateTimeOffset now) =>
        (int)Math.Floor((KeyFacts.Time(certificate.NotAfter) - now).TotalDays);

    private static void AddUsages(InspectedItem item, X509Certificate certificate)
    {
        var usage = certificate.GetKeyUsage() ?? [];
        item.Add("keyUsage", "key usage", UsageNames.Where((_, bit) => bit < usage.Length && usage[bit]));
        var purposes = certificate.GetExtendedKeyUsage() ?? (IList<DerObjectIdentifier>)[];
        item.Add("purposes", "purposes", purposes.Select(purpose => PurposeNames.GetValueOrDefault(purpose.Id, purpose.Id)));
        item.Add("crl", "CRL", CrlPlaces(certificate));
        item.Add("ocsp", "OCSP", OcspPlaces(certificate));
        if (certificate.GetExtensionValue(new DerObjectIdentifier("1.3.6.1.5.5.7.1.24")) is not null)
        {
            // RFC 7633: with the feature status_request a server has to staple.
            item.Add("mustStaple", "must-staple", value: true);
        }
    }

    private static IEnumerable<string> CrlPlaces(X509Certificate certificate) =>
        certificate.GetExtensionValue(X509Extensions.CrlDistributionPoints) is { } value
            ? CrlDistPoint
                .GetInstance(Asn1Object.FromByteArray(value.GetOctets()))
                .GetDistributionPoints()
                .Select(point => point.DistributionPointName?.Name)
                .OfType<GeneralNames>()
                .SelectMany(names => names.GetNames())
                .Select(name => name.Name.ToString() ?? "")
            : [];

    private static IEnumerable<string> OcspPlaces(X509Certificate certificate) =>
        certificate.GetExtensionValue(X509Extensions.AuthorityInfoAccess) is { } value
            ? AuthorityInformationAccess
                .GetInstance(Asn1Object.FromByteArray(value.GetOctets()))
                .GetAccessDescriptions()
                .Where(access => access.AccessMethod.Equals(AccessDescription.IdADOcsp))
                .Select(access => access.AccessLocation.Name.ToString() ?? "")
            : [];

    private static void WarnOf(InspectedItem item, X509Certificate certificate, DateTimeOffset now)
    {
        var from = KeyFacts.Time(certificate.NotBefore);
        var to = KeyFacts.Time(certificate.NotAfter);
        item.Warn(
            now > to ? $"expired {(int)(now - to).TotalDays} days ago"
            : now < from ? $"not valid yet, for {(int)Math.Ceiling((from - now).TotalDays)} days"
            : (to - now).TotalDays < SoonDays ? $"expires in {DaysLeft(certificate, now)} days: renew it"
            : null
        );
        var isRoot = certificate.SubjectDN.Equivalent(certificate.IssuerDN);
        var algorithm = certificate.SigAlgName;
        // A root is trusted for what it is; nobody checks its own signature.
        if (
            !isRoot
            && (
                algorithm.Contains("SHA-1", StringComparison.OrdinalIgnoreCase)
                || algorithm.Contains("SHA1", StringComparison.OrdinalIgnoreCase)
                || algorithm.Contains("MD5", StringComparison.OrdinalIgnoreCase)
            )
        )
        {
            item.Warn($"weak signature: {algorithm}; clients refuse it");
        }
    }

    private static string? NoNames(X509Certificate certificate)
    {
        var purposes = certificate.GetExtendedKeyUsage();
        var isForServers = purposes is null || purposes.Count == 0 || purposes.Contains(KeyPurposeID.id_kp_serverAuth);
        return isForServers ? "no subject alternative name: clients do not look at the common name" : null;
    }
}
