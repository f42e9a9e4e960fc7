using System.Net;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Gateway.Certificates;

/// <summary>An authority with one leaf, ECDSA P-256, as PEM text (RFC 5280 profile).</summary>
internal sealed record DevelopmentAuthority(string AuthorityPem, string AuthorityKeyPem, string LeafPem, string LeafKeyPem)
{
    private const int AuthorityYears = 10;

    /// <summary>The longest that Apple's clients take from an authority that the user added; others have no bound or a larger one.</summary>
    private const int LeafDays = 825;

    /// <summary>Client clocks are off; certificates begin an hour ago.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromHours(1);

    /// <summary>Makes both with new keys. The leaf is for localhost, <paramref name="hostName"/> if it is a DNS name, 127.0.0.1 and ::1.</summary>
    public static DevelopmentAuthority Issue(string hostName, DateTimeOffset now)
    {
        var notBefore = now - ClockSkew;
        var authorityKey = PrivateKeys.Generate(KeyKind.EcdsaP256);
        var leafKey = PrivateKeys.Generate(KeyKind.EcdsaP256);
        var authority = CertificateFactory.SelfSign(
            new CertificateTemplate
            {
                Profile = CertificateProfile.Authority,
                Subject = DistinguishedName.CommonName($"TLS gateway development CA {hostName}"),
                PublicKey = PrivateKeys.PublicOf(authorityKey),
                NotBefore = notBefore,
                NotAfter = notBefore.AddYears(AuthorityYears),
                PathLength = 0,
            },
            authorityKey
        );
        var leaf = CertificateFactory.Sign(
            new CertificateTemplate
            {
                Profile = CertificateProfile.Server,
                Subject = DistinguishedName.CommonName("localhost"),
                PublicKey = PrivateKeys.PublicOf(leafKey),
                NotBefore = notBefore,
                NotAfter = notBefore.AddDays(LeafDays),
                Names = Names(hostName),
            },
            authority,
            authorityKey
        );
        return new DevelopmentAuthority(
            CertificatePem.Write(authority),
            PrivateKeyPem.Write(authorityKey),
            CertificatePem.Write(leaf),
            PrivateKeyPem.Write(leafKey)
        );
    }

    private static AlternativeNames Names(string hostName)
    {
        var names = new AlternativeNames().AddDns("localhost");
        var isAnotherName = !hostName.Equals("localhost", StringComparison.OrdinalIgnoreCase) && AlternativeNames.IsDnsName(hostName);
        if (isAnotherName)
        {
            names.AddDns(hostName);
        }
        return names.AddAddress(IPAddress.Loopback.ToString()).AddAddress(IPAddress.IPv6Loopback.ToString());
    }
}
