using System.Net;
using Org.BouncyCastle.Asn1.Sec;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Operators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.OpenSsl;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using Org.BouncyCastle.X509.Extension;

namespace TlsGateway.Gateway.Certificates;

/// <summary>An authority with one leaf, ECDSA P-256, as PEM text (RFC 5280 profile).</summary>
internal sealed record DevelopmentAuthority(string AuthorityPem, string AuthorityKeyPem, string LeafPem, string LeafKeyPem)
{
    private const int AuthorityYears = 10;

    /// <summary>The longest that Apple's clients take from an authority that the user added; others have no bound or a larger one.</summary>
    private const int LeafDays = 825;

    /// <summary>Client clocks are off; certificates begin an hour ago.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromHours(1);

    /// <summary>RFC 5280 appendix A: ub-common-name.</summary>
    private const int MaxCommonNameLength = 64;

    /// <summary>RFC 5280 §4.1.2.2: at most 20 octets, positive; 16 random bytes are unique.</summary>
    private const int SerialBits = 127;

    private const string SignatureAlgorithm = "SHA256withECDSA";

    /// <summary>Makes both with new keys. The leaf is for localhost, <paramref name="hostName"/> if it is a DNS name, 127.0.0.1 and ::1.</summary>
    public static DevelopmentAuthority Issue(string hostName, DateTimeOffset now)
    {
        SecureRandom random = new();
        var notBefore = (now - ClockSkew).UtcDateTime;
        var authorityKey = GenerateKey(random);
        var leafKey = GenerateKey(random);
        var authorityName = CommonName($"TLS gateway development CA {hostName}");

        var authority = Begin(authorityName, authorityName, authorityKey.Public, notBefore, notBefore.AddYears(AuthorityYears), random);
        authority.AddExtension(X509Extensions.BasicConstraints, critical: true, new BasicConstraints(pathLenConstraint: 0));
        authority.AddExtension(X509Extensions.KeyUsage, critical: true, new KeyUsage(KeyUsage.KeyCertSign | KeyUsage.CrlSign));

        var leaf = Begin(authorityName, CommonName("localhost"), leafKey.Public, notBefore, notBefore.AddDays(LeafDays), random);
        leaf.AddExtension(X509Extensions.BasicConstraints, critical: true, new BasicConstraints(cA: false));
        leaf.AddExtension(X509Extensions.KeyUsage, critical: true, new KeyUsage(KeyUsage.DigitalSignature));
        leaf.AddExtension(X509Extensions.ExtendedKeyUsage, critical: false, new ExtendedKeyUsage(KeyPurposeID.id_kp_serverAuth));
        leaf.AddExtension(X509Extensions.SubjectAlternativeName, critical: false, Names(hostName));
        leaf.AddExtension(
            X509Extensions.AuthorityKeyIdentifier,
            critical: false,
            X509ExtensionUtilities.CreateAuthorityKeyIdentifier(SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(authorityKey.Public))
        );

        Asn1SignatureFactory signer = new(SignatureAlgorithm, authorityKey.Private, random);
        return new DevelopmentAuthority(
            ToPem(authority.Generate(signer)),
            ToPem(new Pkcs8Generator(authorityKey.Private)),
            ToPem(leaf.Generate(signer)),
            ToPem(new Pkcs8Generator(leafKey.Private))
        );
    }

    private static X509V3CertificateGenerator Begin(
        X509Name issuer,
        X509Name subject,
        AsymmetricKeyParameter publicKey,
        DateTime notBefore,
        DateTime notAfter,
        SecureRandom random
    )
    {
        X509V3CertificateGenerator generator = new();
        generator.SetSerialNumber(new BigInteger(SerialBits, random).Add(BigInteger.One));
        generator.SetIssuerDN(issuer);
        generator.SetSubjectDN(subject);
        generator.SetNotBefore(notBefore);
        generator.SetNotAfter(notAfter);
        generator.SetPublicKey(publicKey);
        generator.AddExtension(
            X509Extensions.SubjectKeyIdentifier,
            critical: false,
            X509ExtensionUtilities.CreateSubjectKeyIdentifier(SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(publicKey))
        );
        return generator;
    }

    private static AsymmetricCipherKeyPair GenerateKey(SecureRandom random)
    {
        ECKeyPairGenerator generator = new();
        generator.Init(new ECKeyGenerationParameters(SecObjectIdentifiers.SecP256r1, random));
        return generator.GenerateKeyPair();
    }

    private static GeneralNames Names(string hostName)
    {
        List<GeneralName> names =
        [
            new(GeneralName.DnsName, "localhost"),
            new(GeneralName.IPAddress, IPAddress.Loopback.ToString()),
            new(GeneralName.IPAddress, IPAddress.IPv6Loopback.ToString()),
        ];
        var isAnotherName =
            !hostName.Equals("localhost", StringComparison.OrdinalIgnoreCase) && Uri.CheckHostName(hostName) == UriHostNameType.Dns;
        if (isAnotherName)
        {
            names.Insert(1, new GeneralName(GeneralName.DnsName, hostName));
        }
        return new GeneralNames([.. names]);
    }

    private static X509Name CommonName(string text) =>
        new([X509Name.CN], [text.Length <= MaxCommonNameLength ? text : text[..MaxCommonNameLength]]);

    private static string ToPem(object item)
    {
        using StringWriter text = new() { NewLine = "\n" };
        using PemWriter writer = new(text);
        writer.WriteObject(item);
        writer.Writer.Flush();
        return text.ToString();
    }
}
