using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.Cms;
using Org.BouncyCastle.Crypto.IO;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using TlsGateway.Pki.Certificates;

namespace TlsGateway.Pki.Sealing;

/// <summary>Decrypts CMS EnvelopedData for a recipient with an elliptic curve key, by <see cref="KeyAgreement"/>.</summary>
internal static class AgreedEnvelope
{
    /// <summary>Real messages have tens of recipients.</summary>
    private const int MaxRecipients = 1024;

    /// <summary>Writes the content to <paramref name="plain"/>.</summary>
    /// <exception cref="PkiException">The certificate is not one of the recipients'.</exception>
    public static void Decrypt(Stream structure, Stream plain, ECPrivateKeyParameters key, X509Certificate certificate)
    {
        ContentInfoParser info = new((Asn1SequenceParser)new Asn1StreamParser(structure).ReadObject());
        EnvelopedDataParser envelope = new((Asn1SequenceParser)info.GetContent(Asn1Tags.Sequence));
        _ = envelope.GetOriginatorInfo();
        var contentKey = FindKey(envelope.GetRecipientInfos(), key, certificate);
        var content = envelope.GetEncryptedContentInfo();
        var algorithm = content.ContentEncryptionAlgorithm;
        var cipher = CipherUtilities.GetCipher(algorithm.Algorithm);
        var parameters = ParameterUtilities.GetCipherParameters(
            algorithm.Algorithm,
            ParameterUtilities.CreateKeyParameter(algorithm.Algorithm, contentKey),
            algorithm.Parameters.ToAsn1Object()
        );
        cipher.Init(forEncryption: false, parameters);
        var encrypted = ((Asn1OctetStringParser)content.GetEncryptedContent(Asn1Tags.OctetString)).GetOctetStream();
        using CipherStream decrypted = new(encrypted, cipher, writeCipher: null);
        decrypted.CopyTo(plain);
    }

    private static byte[] FindKey(Asn1SetParser recipients, ECPrivateKeyParameters key, X509Certificate certificate)
    {
        byte[]? found = null;
        for (var number = 0; recipients.ReadObject() is { } item; number++)
        {
            if (number == MaxRecipients)
            {
                throw new InvalidDataException($"it has more than {MaxRecipients} recipients");
            }
            // The set is read to its end whatever is found: the content stands behind it.
            if (RecipientInfo.GetInstance(item.ToAsn1Object()).Info is KeyAgreeRecipientInfo agreed)
            {
                found ??= Unwrap(agreed, key, certificate);
            }
        }
        return found ?? throw Unsealer.NotFor(certificate);
    }

    private static byte[]? Unwrap(KeyAgreeRecipientInfo agreed, ECPrivateKeyParameters key, X509Certificate certificate)
    {
        foreach (var item in agreed.RecipientEncryptedKeys)
        {
            var recipient = RecipientEncryptedKey.GetInstance(item);
            if (IsFor(recipient.Identifier, certificate) && agreed.Originator.OriginatorKey is { } originator)
            {
                return KeyAgreement.Unwrap(
                    recipient.EncryptedKey.GetOctets(),
                    key,
                    originator.PublicKey.GetOctets(),
                    agreed.KeyEncryptionAlgorithm,
                    agreed.UserKeyingMaterial
                );
            }
        }
        return null;
    }

    private static bool IsFor(KeyAgreeRecipientIdentifier identifier, X509Certificate certificate) =>
        identifier.IssuerAndSerialNumber is { } name
            ? name.SerialNumber.HasValue(certificate.SerialNumber) && name.Issuer.Equivalent(certificate.IssuerDN)
            : identifier.RKeyID is { } keyIdentifier
                && keyIdentifier.SubjectKeyIdentifier.GetOctets().AsSpan().SequenceEqual(CertificateFactory.IssuerIdentifier(certificate));
}
