using Org.BouncyCastle.Ocsp;
using Org.BouncyCastle.X509;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Keys;
using TlsGateway.Pki.Revocation;

namespace TlsGateway.Pki.Inspection;

/// <summary>Describes CRLs and OCSP responses.</summary>
public static class RevocationInspection
{
    /// <summary>A CRL of a public authority has 100000 entries; a screen has fewer.</summary>
    private const int MaxShown = 100;

    public static InspectedItem DescribeCrl(X509Crl crl, DateTimeOffset now)
    {
        var revoked = crl.GetRevokedCertificates();
        InspectedItem item = new("crl");
        item.Add("issuer", "issuer", DistinguishedName.ToText(crl.IssuerDN))
            .Add("number", "number", CrlFactory.NumberOf(crl)?.ToString())
            .Add("thisUpdate", "made", KeyFacts.Time(crl.ThisUpdate));
        if (crl.NextUpdate is { } next)
        {
            item.Add("nextUpdate", "next due", KeyFacts.Time(next)).Warn(now > KeyFacts.Time(next) ? "overdue: verifiers refuse it" : null);
        }
        item.Add("signature", "signed with", crl.SigAlgName).Add("count", "revoked", revoked?.Count ?? 0);
        if (revoked is not null)
        {
            item.Add(
                "revoked",
                revoked.Count > MaxShown ? $"the first {MaxShown}" : "serial numbers",
                revoked
                    .OrderBy(entry => entry.RevocationDate)
                    .Take(MaxShown)
                    .Select(entry =>
                        $"{KeyFacts.Serial(entry.SerialNumber)}, {CertificateIndex.ToText(KeyFacts.Time(entry.RevocationDate))}"
                    )
            );
        }
        return item;
    }

    /// <summary>Describes a response from its DER.</summary>
    public static InspectedItem DescribeOcsp(byte[] der, DateTimeOffset now)
    {
        OcspResp response = new(der);
        InspectedItem item = new("ocspResponse");
        item.Add("status", "status", StatusName(response.Status));
        if (response.Status != OcspRespStatus.Successful || response.GetResponseObject() is not BasicOcspResp basic)
        {
            return item.Warn("the responder did not answer the question");
        }
        var responder = basic.ResponderId.ToAsn1Object();
        item.Add(
                "responder",
                "responder",
                responder.Name is { } name ? DistinguishedName.ToText(name) : Convert.ToHexString(responder.GetKeyHash())
            )
            .Add("producedAt", "made", KeyFacts.Time(basic.ProducedAt))
            .Add(
                "signature",
                "signed with",
                Org.BouncyCastle.Security.SignerUtilities.GetEncodingName(basic.SignatureAlgorithm.Algorithm)
                    ?? basic.SignatureAlgorithm.Algorithm.Id
            );
        item.Add("certificates", "certificates", basic.Responses.Select(single => Describe(single)));
        foreach (var single in basic.Responses)
        {
            item.Warn(
                single.NextUpdate is { } next && now > KeyFacts.Time(next)
                    ? $"out of date since {CertificateIndex.ToText(KeyFacts.Time(next))}"
                    : null
            );
            item.Warn(single.GetCertStatus() is RevokedStatus ? $"{KeyFacts.Serial(single.GetCertID().SerialNumber)} is revoked" : null);
        }
        return item;
    }

    private static string Describe(SingleResp single)
    {
        var status = single.GetCertStatus() switch
        {
            null => "good",
            RevokedStatus { HasRevocationReason: true } revoked =>
                $"revoked {CertificateIndex.ToText(KeyFacts.Time(revoked.RevocationTime))} ({RevocationReasonNames.NameOf((RevocationReason)revoked.RevocationReason)})",
            RevokedStatus revoked => $"revoked {CertificateIndex.ToText(KeyFacts.Time(revoked.RevocationTime))}",
            _ => "unknown",
        };
        var until = single.NextUpdate is { } next ? $", valid to {CertificateIndex.ToText(KeyFacts.Time(next))}" : "";
        return $"{KeyFacts.Serial(single.GetCertID().SerialNumber)} {status}{until}";
    }

    private static string StatusName(int status) =>
        status switch
        {
            OcspRespStatus.Successful => "successful",
            OcspRespStatus.MalformedRequest => "malformedRequest",
            OcspRespStatus.InternalError => "internalError",
            OcspRespStatus.TryLater => "tryLater",
            5 => "sigRequired",
            OcspRespStatus.Unauthorized => "unauthorized",
            _ => status.ToString(),
        };
}
