using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Security;
using TlsGateway.Gateway.Ocsp;
using TlsGateway.Pki.Certificates;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>What is wrong with a chain in itself, whatever listener serves it. Findings complete "certificate is 'path', …".</summary>
internal static class CertificateFindings
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string AnyPurpose = "2.5.29.37.0";

    /// <summary>Members that are out of their time (RFC 5280 §4.1.2.5).</summary>
    public static IEnumerable<string> Lifetimes(X509Certificate2Collection chain, DateTimeOffset now)
    {
        foreach (var certificate in chain)
        {
            if (now.UtcDateTime > certificate.NotAfter.ToUniversalTime())
            {
                yield return $"in which {certificate.Subject} expired on {certificate.NotAfter.ToUniversalTime():u}. Clients will refuse it: renew it";
            }
            else if (now.UtcDateTime < certificate.NotBefore.ToUniversalTime())
            {
                yield return $"in which {certificate.Subject} is not valid before {certificate.NotBefore.ToUniversalTime():u}. Clients will refuse it until then: check this machine's clock too";
            }
        }
    }

    /// <summary>What makes every client that verifies refuse it.</summary>
    public static IEnumerable<string> Errors(X509Certificate2Collection chain)
    {
        var leaf = chain[0];
        for (var index = 1; index < chain.Count; index++)
        {
            if (!IsIssuedBy(chain[index - 1], chain[index]))
            {
                yield return $"a broken chain: certificate {index + 1} ({chain[index].Subject}) did not issue certificate {index} ({chain[index - 1].Subject}). Put the leaf first, then each one's issuer";
                break;
            }
        }
        foreach (var extension in leaf.Extensions)
        {
            if (
                extension is X509EnhancedKeyUsageExtension purposes
                && !purposes.EnhancedKeyUsages.Cast<Oid>().Any(static oid => oid.Value is ServerAuthentication or AnyPurpose)
            )
            {
                yield return $"whose leaf {leaf.Subject} is not for servers (extendedKeyUsage without serverAuth). Ask for a server's certificate";
            }
            // RFC 8446 §4.4.2.2: without it the key may not sign handshakes.
            if (extension is X509KeyUsageExtension usage && !usage.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature))
            {
                yield return $"whose leaf {leaf.Subject} may not sign handshakes (keyUsage without digitalSignature). Ask for a TLS server's certificate";
            }
        }
    }

    /// <summary>What works, and is not as it should be.</summary>
    /// <param name="fetches">The listener staples responses that are fetched.</param>
    /// <param name="hasStaple">There is a response in a file.</param>
    public static IEnumerable<string> Warnings(X509Certificate2Collection chain, bool fetches, bool hasStaple)
    {
        // Responses are checked by the issuer, a root or not.
        var staples = fetches || hasStaple;
        var leaf = chain[0];
        if (!leaf.Extensions.Any(static extension => extension is X509SubjectAlternativeNameExtension))
        {
            yield return $"whose leaf {leaf.Subject} names no host (subjectAltName). Clients look nowhere else (RFC 9525 §6.3): ask for one with its names";
        }
        if (chain.Count > (staples ? 2 : 1) && chain[^1].SubjectName.RawData.AsSpan().SequenceEqual(chain[^1].IssuerName.RawData))
        {
            yield return $"which ends with the root {chain[^1].Subject}. Clients have it or do not trust it: leave it out, it costs bytes in each handshake";
        }
        Org.BouncyCastle.X509.X509Certificate parsed = new(leaf.RawData);
        if (MustStaple.IsPromisedBy(parsed) && !staples)
        {
            yield return $"whose leaf {leaf.Subject} is must-staple (RFC 7633): clients refuse it without an OCSP response. Set ocspStapling: true, or name an ocspResponse";
        }
        if (fetches && !hasStaple && OcspClient.ResponderOf(parsed) is null)
        {
            yield return $"whose leaf {leaf.Subject} names no OCSP responder (authorityInfoAccess): nothing is stapled to it";
        }
        else if (fetches && !hasStaple && chain.Count == 1)
        {
            yield return $"which has no issuer after the leaf {leaf.Subject}: its OCSP responses cannot be checked, so nothing is stapled. Add the issuer's certificate";
        }
    }

    private static bool IsIssuedBy(X509Certificate2 certificate, X509Certificate2 issuer)
    {
        if (!certificate.IssuerName.RawData.AsSpan().SequenceEqual(issuer.SubjectName.RawData))
        {
            return false;
        }
        try
        {
            new Org.BouncyCastle.X509.X509Certificate(certificate.RawData).Verify(
                new Org.BouncyCastle.X509.X509Certificate(issuer.RawData).GetPublicKey()
            );
            return true;
        }
        catch (GeneralSecurityException)
        {
            return false;
        }
    }
}
