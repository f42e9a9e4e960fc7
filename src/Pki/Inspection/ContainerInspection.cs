using Org.BouncyCastle.Asn1.Cms;
using Org.BouncyCastle.Cms;
using Org.BouncyCastle.Pkcs;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Files;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Pki.Inspection;

/// <summary>Describes what holds other things: PKCS#12, CMS and PKCS#7, certification requests.</summary>
internal static class ContainerInspection
{
    public static InspectedItem DescribeRequest(Pkcs10CertificationRequest request)
    {
        var info = request.GetCertificationRequestInfo();
        var key = request.GetPublicKey();
        InspectedItem item = new("request");
        return item.Add("subject", "subject", DistinguishedName.ToText(info.Subject))
            .Add("key", "key", KeyFacts.Describe(key))
            .Add("keyFingerprint", "key SHA-256", KeyFacts.Fingerprint(info.SubjectPublicKeyInfo))
            .Warn(request.Verify() ? null : "its signature is wrong: whoever made it may not have the key")
            .Warn(KeyFacts.Weakness(key));
    }

    /// <summary>The container, then the certificates and public halves of keys in it.</summary>
    /// <exception cref="PkiException">The passphrase is missing or wrong.</exception>
    public static IEnumerable<InspectedItem> DescribePkcs12(byte[] der, string? passphrase, string name, DateTimeOffset now)
    {
        Pkcs12Store store;
        try
        {
            store = Pkcs12File.Open(der, passphrase);
        }
        catch (Exception broken) when (Unreadable.IsExpected(broken))
        {
            throw new PkiException(
                passphrase is null
                    ? $"{name} is PKCS#12 with a passphrase. Give it with --passphrase-file or --passphrase-env."
                    : $"{name} is PKCS#12 and does not open: the passphrase is wrong, or the file is broken.",
                broken
            );
        }
        List<InspectedItem> items = [new InspectedItem("pkcs12").Add("entries", "entries", store.Aliases)];
        foreach (var alias in store.Aliases)
        {
            if (store.IsKeyEntry(alias))
            {
                items.Add(KeyInspection.DescribePrivate(store.GetKey(alias).Key, wasEncrypted: true));
                items.AddRange(
                    (store.GetCertificateChain(alias) ?? []).Select(entry => CertificateInspection.Describe(entry.Certificate, now))
                );
            }
            else
            {
                items.Add(CertificateInspection.Describe(store.GetCertificate(alias).Certificate, now));
            }
        }
        return items;
    }

    /// <summary>The structure, then the certificates in it.</summary>
    public static IEnumerable<InspectedItem> DescribeCms(byte[] der, DateTimeOffset now)
    {
        InspectedItem item = new("cms");
        List<InspectedItem> items = [item];
        var type = ContentInfo.GetInstance(Org.BouncyCastle.Asn1.Asn1Object.FromByteArray(der)).ContentType;
        if (type.Equals(CmsObjectIdentifiers.SignedData))
        {
            CmsSignedData signed = new(der);
            var certificates = signed.GetCertificates().EnumerateMatches(selector: null).ToList();
            item.Add("type", "type", "signedData")
                .Add("signers", "signers", signed.GetSignerInfos().GetSigners().Select(signer => DescribeId(signer.SignerID)))
                .Add("hasContent", "has content", signed.SignedContent is not null);
            items.AddRange(certificates.Select(certificate => CertificateInspection.Describe(certificate, now)));
        }
        else if (type.Equals(CmsObjectIdentifiers.EnvelopedData))
        {
            CmsEnvelopedData enveloped = new(der);
            item.Add("type", "type", "envelopedData")
                .Add(
                    "cipher",
                    "cipher",
                    enveloped.EncryptionAlgOid == CmsEnvelopedGenerator.Aes256Cbc ? "AES-256-CBC" : enveloped.EncryptionAlgOid
                )
                .Add(
                    "recipients",
                    "recipients",
                    enveloped.GetRecipientInfos().GetRecipients().Select(recipient => DescribeId(recipient.RecipientID))
                );
        }
        else
        {
            item.Add("type", "type", type.Id);
        }
        return items;
    }

    private static string DescribeId(Org.BouncyCastle.X509.Store.X509CertStoreSelector id) =>
        id.SerialNumber is { } serial ? $"serial {KeyFacts.Serial(serial)} of {DistinguishedName.ToText(id.Issuer)}"
        : id.SubjectKeyIdentifier is { } key ? $"key identifier {Convert.ToHexString(key)}"
        : "unnamed";
}
