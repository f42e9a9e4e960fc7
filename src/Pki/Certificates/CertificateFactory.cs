using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.Ocsp;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using Org.BouncyCastle.X509.Extension;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Pki.Certificates;

/// <summary>Makes certificates in the profile of RFC 5280.</summary>
public static class CertificateFactory
{
    /// <summary>RFC 5280 §4.1.2.2: at most 20 octets, positive. 16 octets with the first bit clear and the second set: always the same length, 126 random bits.</summary>
    private const int SerialBytes = 16;

    /// <summary>A root: signed with its own key.</summary>
    /// <param name="template">Its public key is that of <paramref name="key"/>.</param>
    /// <param name="key">The private key.</param>
    public static X509Certificate SelfSign(CertificateTemplate template, AsymmetricKeyParameter key) =>
        Make(template, template.Subject, KeyIdentifier(template.PublicKey), key);

    /// <summary>A certificate by an authority.</summary>
    public static X509Certificate Sign(CertificateTemplate template, X509Certificate issuer, AsymmetricKeyParameter issuerKey) =>
        Make(template, issuer.SubjectDN, IssuerIdentifier(issuer), issuerKey);

    private static X509Certificate Make(
        CertificateTemplate template,
        X509Name issuer,
        byte[] issuerIdentifier,
        AsymmetricKeyParameter issuerKey
    )
    {
        X509V3CertificateGenerator generator = new();
        generator.SetSerialNumber(NewSerial());
        generator.SetIssuerDN(issuer);
        generator.SetSubjectDN(template.Subject);
        generator.SetNotBefore(template.NotBefore.UtcDateTime);
        generator.SetNotAfter(template.NotAfter.UtcDateTime);
        generator.SetPublicKey(template.PublicKey);
        AddUsages(generator, template);
        generator.AddExtension(
            X509Extensions.SubjectKeyIdentifier,
            critical: false,
            new SubjectKeyIdentifier(KeyIdentifier(template.PublicKey))
        );
        generator.AddExtension(X509Extensions.AuthorityKeyIdentifier, critical: false, new AuthorityKeyIdentifier(issuerIdentifier));
        if (!template.Names.IsEmpty)
        {
            // RFC 5280 §4.1.2.6: with an empty subject it is what names the holder.
            generator.AddExtension(
                X509Extensions.SubjectAlternativeName,
                template.Subject.GetOidList().Count == 0,
                template.Names.ToExtension()
            );
        }
        if (template.MustStaple)
        {
            generator.AddExtension(MustStaple.Oid, critical: false, MustStaple.Value);
        }
        AddRevocationPlaces(generator, template);
        return generator.Generate(PrivateKeys.Signer(issuerKey));
    }

    private static void AddUsages(X509V3CertificateGenerator generator, CertificateTemplate template)
    {
        if (template.Profile == CertificateProfile.Authority)
        {
            var constraints = template.PathLength is { } length ? new BasicConstraints(length) : new BasicConstraints(cA: true);
            generator.AddExtension(X509Extensions.BasicConstraints, critical: true, constraints);
            generator.AddExtension(X509Extensions.KeyUsage, critical: true, new KeyUsage(KeyUsage.KeyCertSign | KeyUsage.CrlSign));
            return;
        }
        generator.AddExtension(X509Extensions.BasicConstraints, critical: true, new BasicConstraints(cA: false));
        generator.AddExtension(X509Extensions.KeyUsage, critical: true, new KeyUsage(LeafUsage(template)));
        generator.AddExtension(X509Extensions.ExtendedKeyUsage, critical: false, new ExtendedKeyUsage(Purposes(template.Profile)));
        if (template.Profile == CertificateProfile.Ocsp)
        {
            generator.AddExtension(OcspObjectIdentifiers.PkixOcspNocheck, critical: false, DerNull.Instance);
        }
    }

    private static int LeafUsage(CertificateTemplate template)
    {
        // TLS 1.3 and ECDHE sign; mail to its holder is encrypted to the key itself: RSA transports, ECDH agrees.
        if (template.Profile == CertificateProfile.Smime)
        {
            return KeyUsage.DigitalSignature | (template.PublicKey is RsaKeyParameters ? KeyUsage.KeyEncipherment : KeyUsage.KeyAgreement);
        }
        return template is { Profile: CertificateProfile.Server or CertificateProfile.Member, PublicKey: RsaKeyParameters }
            ? KeyUsage.DigitalSignature | KeyUsage.KeyEncipherment
            : KeyUsage.DigitalSignature;
    }

    private static KeyPurposeID[] Purposes(CertificateProfile profile) =>
        profile switch
        {
            CertificateProfile.Server => [KeyPurposeID.id_kp_serverAuth],
            CertificateProfile.Client => [KeyPurposeID.id_kp_clientAuth],
            CertificateProfile.Member => [KeyPurposeID.id_kp_serverAuth, KeyPurposeID.id_kp_clientAuth],
            CertificateProfile.Ocsp => [KeyPurposeID.id_kp_OCSPSigning],
            CertificateProfile.Smime => [KeyPurposeID.id_kp_emailProtection],
            _ => throw new ArgumentOutOfRangeException(nameof(profile), profile, message: null),
        };

    private static void AddRevocationPlaces(X509V3CertificateGenerator generator, CertificateTemplate template)
    {
        if (template.CrlUrl is { } crl)
        {
            DistributionPointName place = new(new GeneralNames(new GeneralName(GeneralName.UniformResourceIdentifier, crl)));
            generator.AddExtension(
                X509Extensions.CrlDistributionPoints,
                critical: false,
                new CrlDistPoint([new DistributionPoint(place, reasons: null, crlIssuer: null)])
            );
        }
        if (template.OcspUrl is { } ocsp)
        {
            generator.AddExtension(
                X509Extensions.AuthorityInfoAccess,
                critical: false,
                new AuthorityInformationAccess(AccessDescription.IdADOcsp, new GeneralName(GeneralName.UniformResourceIdentifier, ocsp))
            );
        }
    }

    private static BigInteger NewSerial()
    {
        var bytes = SecureRandom.GetNextBytes(new SecureRandom(), SerialBytes);
        bytes[0] = (byte)((bytes[0] & 0x3F) | 0x40);
        return new BigInteger(sign: 1, bytes);
    }

    /// <summary>RFC 5280 §4.2.1.2 method 1: the SHA-1 of the key, an identifier and no signature.</summary>
    private static byte[] KeyIdentifier(AsymmetricKeyParameter publicKey) =>
        X509ExtensionUtilities
            .CreateSubjectKeyIdentifier(SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(publicKey))
            .GetKeyIdentifier();

    /// <summary>RFC 5280 §4.2.1.1: the issuer's own identifier, however it was made.</summary>
    internal static byte[] IssuerIdentifier(X509Certificate issuer) =>
        issuer.GetExtensionValue(X509Extensions.SubjectKeyIdentifier) is { } value
            ? SubjectKeyIdentifier.GetInstance(Asn1Object.FromByteArray(value.GetOctets())).GetKeyIdentifier()
            : KeyIdentifier(issuer.GetPublicKey());
}
