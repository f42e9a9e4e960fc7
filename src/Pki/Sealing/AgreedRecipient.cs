using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.Cms;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Cms;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace TlsGateway.Pki.Sealing;

/// <summary>A recipient with an elliptic curve key: <see cref="KeyAgreement"/> with an ephemeral key of its own.</summary>
internal sealed class AgreedRecipient(X509Certificate certificate) : RecipientInfoGenerator
{
    public RecipientInfo Generate(KeyParameter contentEncryptionKey, SecureRandom random)
    {
        var recipient = (ECPublicKeyParameters)certificate.GetPublicKey();
        ECKeyPairGenerator generator = new();
        generator.Init(
            recipient.PublicKeyParamSet is { } curve
                ? new ECKeyGenerationParameters(curve, random)
                : new ECKeyGenerationParameters(recipient.Parameters, random)
        );
        var ephemeral = generator.GenerateKeyPair();
        var point = SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(ephemeral.Public);
        var wrapped = KeyAgreement.Wrap(contentEncryptionKey.GetKey(), (ECPrivateKeyParameters)ephemeral.Private, recipient);
        IssuerAndSerialNumber identifier = new(certificate.IssuerDN, certificate.SerialNumber);
        return new RecipientInfo(
            new KeyAgreeRecipientInfo(
                // The curve is the recipient's: RFC 5753 §3.1.1 has it left out.
                new OriginatorIdentifierOrKey(new OriginatorPublicKey(new AlgorithmIdentifier(point.Algorithm.Algorithm), point.PublicKey)),
                ukm: null,
                new AlgorithmIdentifier(KeyAgreement.Sha256Scheme, KeyAgreement.Aes256Wrap),
                new DerSequence(new RecipientEncryptedKey(new KeyAgreeRecipientIdentifier(identifier), new DerOctetString(wrapped)))
            )
        );
    }
}
