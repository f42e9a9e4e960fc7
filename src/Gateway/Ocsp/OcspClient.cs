using System.Net.Http.Headers;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Ocsp;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using TlsGateway.Gateway.ClientCertificates;

namespace TlsGateway.Gateway.Ocsp;

/// <summary>
/// Asks OCSP responders (RFC 6960) over plain HTTP, as they are: the answer is signed. It is believed only from the issuer itself or from a responder that the issuer
/// certified for it, for the certificate that was asked about, and in its time.
/// </summary>
/// <param name="http">With a bound on what it buffers.</param>
/// <param name="time">The clock that answers are held against.</param>
internal sealed class OcspClient(HttpClient http, TimeProvider time)
{
    /// <summary>An answer with its certificates is a few KiB.</summary>
    public const int MaxResponseBytes = 64 * 1024;

    /// <summary>How far clocks may be apart.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>For an answer that names no time of the next (RFC 6960 §4.2.2.1: newer ones are always there).</summary>
    private static readonly TimeSpan WithoutNext = TimeSpan.FromMinutes(5);

    /// <summary>A client that bounds what responders can make it hold.</summary>
    public static HttpClient CreateHttp() =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            MaxResponseContentBufferSize = MaxResponseBytes,
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };

    /// <summary>What the responder says of <paramref name="leaf"/>.</summary>
    /// <param name="responder">Overrides the one that the certificate names.</param>
    /// <exception cref="OcspException">There is no responder, or its answer cannot be believed; says why.</exception>
    /// <exception cref="HttpRequestException">It could not be asked.</exception>
    public async Task<RevocationAnswer> AskAsync(
        X509Certificate leaf,
        X509Certificate issuer,
        Uri? responder,
        CancellationToken cancellation
    )
    {
        var address = responder ?? ResponderOf(leaf) ?? throw new OcspException("the certificate names no OCSP responder");
        OcspReqGenerator generator = new();
        // SHA-1 names the issuer here, it does not protect: it is what responders index by (RFC 5019 §2.1.1).
        generator.AddRequest(new CertificateID(CertificateID.DigestSha1, issuer, leaf.SerialNumber));
        using ByteArrayContent question = new(generator.Generate().GetEncoded());
        question.Headers.ContentType = new MediaTypeHeaderValue("application/ocsp-request");
        using var answer = await http.PostAsync(address, question, cancellation).ConfigureAwait(false);
        answer.EnsureSuccessStatusCode();
        var bytes = await answer.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        try
        {
            return Read(bytes, leaf, issuer);
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
        return single.GetCertStatus() switch
        {
            null => new RevocationAnswer(RevocationStatus.Good, until, ""),
            RevokedStatus revoked => new RevocationAnswer(RevocationStatus.Revoked, until, $"since {revoked.RevocationTime:u}"),
            _ => new RevocationAnswer(RevocationStatus.Unknown, until, "the responder does not know it"),
        };
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

    private static Uri? ResponderOf(X509Certificate certificate)
    {
        if (certificate.GetExtensionValue(X509Extensions.AuthorityInfoAccess) is not { } extension)
        {
            return null;
        }
        foreach (var access in AuthorityInformationAccess.GetInstance(extension.GetOctets()).GetAccessDescriptions())
        {
            if (
                access.AccessMethod.Equals(AccessDescription.IdADOcsp)
                && access.AccessLocation.TagNo == GeneralName.UniformResourceIdentifier
                && Uri.TryCreate(access.AccessLocation.Name.ToString(), UriKind.Absolute, out var address)
                && address.Scheme == Uri.UriSchemeHttp
            )
            {
                return address;
            }
        }
        return null;
    }
}
