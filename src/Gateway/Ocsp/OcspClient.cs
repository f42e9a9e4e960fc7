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
    private readonly OcspVerifier _verifier = new(time);

    /// <summary>An answer with its certificates is a few KiB.</summary>
    public const int MaxResponseBytes = 64 * 1024;

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
    ) => _verifier.Check(await FetchAsync(leaf, issuer, responder, cancellation).ConfigureAwait(false), leaf, issuer);

    /// <summary>As <see cref="AskAsync"/>, but the DER of the OCSPResponse as it came: nothing is checked.</summary>
    public async Task<byte[]> FetchAsync(X509Certificate leaf, X509Certificate issuer, Uri? responder, CancellationToken cancellation)
    {
        var address = responder ?? ResponderOf(leaf) ?? throw new OcspException("the certificate names no OCSP responder");
        OcspReqGenerator generator = new();
        // SHA-1 names the issuer here, it does not protect: it is what responders index by (RFC 5019 §2.1.1).
        generator.AddRequest(new CertificateID(CertificateID.DigestSha1, issuer, leaf.SerialNumber));
        using ByteArrayContent question = new(generator.Generate().GetEncoded());
        question.Headers.ContentType = new MediaTypeHeaderValue("application/ocsp-request");
        using var answer = await http.PostAsync(address, question, cancellation).ConfigureAwait(false);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>The responder that a certificate names (RFC 5280 §4.2.2.1, id-ad-ocsp); null: none over plain HTTP.</summary>
    public static Uri? ResponderOf(X509Certificate certificate)
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
