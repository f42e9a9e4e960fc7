using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Ocsp;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using TlsGateway.Gateway.ClientCertificates;

namespace TlsGateway.Gateway.Ocsp;

/// <summary>
/// Says whether an OCSP response (RFC 6960) is believed: from the issuer itself or from a responder that the issuer certified for it, about the certificate that was asked
/// about, and in its time.
/// </summary>
/// <param name="time">The clock that responses are held against.</param>
internal sealed class OcspVerifier(TimeProvider time)
{
    /// <summary>How far clocks may be apart.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>For an answer that names no time of the next (RFC 6960 §4.2.2.1: newer ones are always there).</summary>
    private static readonly TimeSpan WithoutNext = TimeSpan.FromMinutes(5);

    /// <summary>What an OCSPResponse says of <paramref name="leaf"/>, if it can be believed at this time.</summary>
    /// <exception cref="OcspException">It cannot; says why.</exception>
    public RevocationAnswer Check(byte[] response, X509Certificate leaf, X509Certificate issuer)
    {
        try
        {
            return Read(response, leaf, issuer);
        }
        catch (Exception malformed) when (malformed is IOException or GeneralSecurityException or ArgumentException or InvalidCastException)
        {
            throw new OcspException($"the responder's answer cannot be read: {malformed.Message}", malformed);
        }
    }

    private RevocationAnswer Read(byte[] bytes, X509Certificate leaf, X509Certificate issuer)
    {
        OcspResp response = new(bytes);
        if (response.Status != OcspRespStatus.Successful || response.GetResponseObject() is not BasicOcspResp basic)
        {
            throw new OcspException($"the responder refused (status {response.Status})");
        }
        if (!IsSignedFor(basic, issuer))
        {
            throw new OcspException("the answer is signed by neither the issuer nor a responder of it");
        }
        var single =
            Array.Find(
                basic.Responses,
                candidate => candidate.GetCertID().SerialNumber.Equals(leaf.SerialNumber) && candidate.GetCertID().MatchesIssuer(issuer)
            ) ?? throw new OcspException("the answer is about another certificate");
        var now = time.GetUtcNow().UtcDateTime;
        if (single.ThisUpdate.ToUniversalTime() > now + Skew || single.NextUpdate?.ToUniversalTime() < now - Skew)
        {
            throw new OcspException("the answer is not of this time");
        }
        var until = new DateTimeOffset(single.NextUpdate?.ToUniversalTime() ?? now + WithoutNext, TimeSpan.Zero);
        var answer = single.GetCertStatus() switch
        {
            null => new RevocationAnswer(RevocationStatus.Good, until, ""),
            RevokedStatus revoked => new RevocationAnswer(RevocationStatus.Revoked, until, $"since {revoked.RevocationTime:u}"),
            _ => new RevocationAnswer(RevocationStatus.Unknown, until, "the responder does not know it"),
        };
        return answer with { ValidFrom = new DateTimeOffset(single.ThisUpdate.ToUniversalTime(), TimeSpan.Zero) };
    }

    private bool IsSignedFor(BasicOcspResp basic, X509Certificate issuer)
    {
        if (Verifies(basic, issuer))
        {
            return true;
        }
        foreach (var certificate in basic.GetCerts())
        {
            if (IsResponderOf(certificate, issuer) && Verifies(basic, certificate))
            {
                return true;
            }
        }
        return false;
    }

    private bool IsResponderOf(X509Certificate certificate, X509Certificate issuer)
    {
        // RFC 6960 §4.2.2.2: issued directly by the issuer, for this purpose, and valid now.
        if (certificate.GetExtendedKeyUsage()?.Contains(KeyPurposeID.id_kp_OCSPSigning) != true)
        {
            return false;
        }
        try
        {
            certificate.CheckValidity(time.GetUtcNow().UtcDateTime);
            certificate.Verify(issuer.GetPublicKey());
            return certificate.IssuerDN.Equivalent(issuer.SubjectDN);
        }
        catch (GeneralSecurityException)
        {
            return false;
        }
    }

    private static bool Verifies(BasicOcspResp basic, X509Certificate signer)
    {
        try
        {
            return basic.Verify(signer.GetPublicKey());
        }
        catch (Exception failed) when (failed is OcspException or GeneralSecurityException)
        {
            return false;
        }
    }
}
