using System.Text;
using Org.BouncyCastle.Asn1.Nist;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Cms;
using Org.BouncyCastle.Crypto.Operators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Utilities.Collections;
using Org.BouncyCastle.X509;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Pki.Sealing;

/// <summary>
/// Signs a file and encrypts it, as S/MIME (RFC 8551) does: CMS SignedData in a MIME entity, that in CMS EnvelopedData with AES-256-CBC. The key goes to RSA recipients by
/// OAEP with SHA-256, to ECDSA recipients by ephemeral ECDH (SHA-256 KDF, AES-256 key wrap). Works on streams of any length in constant memory.
/// </summary>
public static class Sealer
{
    private const string OaepSha256 = "RSA/NONE/OAEPWithSHA256AndMGF1Padding";

    /// <summary>Seals all of <paramref name="input"/>.</summary>
    /// <exception cref="PkiException">A certificate or key cannot be used for it.</exception>
    public static void Seal(Stream input, Stream output, SealRequest request, TimeProvider time)
    {
        var now = time.GetUtcNow();
        CmsEnvelopedDataStreamGenerator envelope = new(new SecureRandom());
        foreach (var recipient in request.Recipients)
        {
            AddRecipient(envelope, recipient, request.UsesPkcs1Padding, now);
        }
        var signature = request.Signer.Count > 0 ? NewSignature(request, now) : null;
        WriteFormatted(
            output,
            request.Format,
            sealedTo =>
            {
                using var encrypted = envelope.Open(sealedTo, CmsEnvelopedGenerator.Aes256Cbc);
                if (signature is null)
                {
                    input.CopyTo(encrypted);
                    return;
                }
                encrypted.Write(Encoding.ASCII.GetBytes(Header("\r\n", "signed-data")));
                using Base64LineStream text = new(encrypted, "\r\n");
                using var signed = signature.Open(text, encapsulate: true);
                input.CopyTo(signed);
            }
        );
    }

    private static void WriteFormatted(Stream output, SealFormat format, Action<Stream> write)
    {
        if (format == SealFormat.Der)
        {
            write(output);
            return;
        }
        // OpenSSL's readers of CMS and of PKCS#7 both take this label.
        var before = format == SealFormat.Pem ? "-----BEGIN PKCS7-----\n" : Header("\n", "enveloped-data");
        output.Write(Encoding.ASCII.GetBytes(before));
        using (Base64LineStream text = new(output, "\n"))
        {
            write(text);
        }
        output.Write(format == SealFormat.Pem ? "-----END PKCS7-----\n"u8 : "\n"u8);
    }

    private static string Header(string newLine, string type) =>
        string.Join(
            newLine,
            "MIME-Version: 1.0",
            "Content-Disposition: attachment; filename=\"smime.p7m\"",
            $"Content-Type: application/pkcs7-mime; smime-type={type}; name=\"smime.p7m\"",
            $"Content-Transfer-Encoding: base64{newLine}{newLine}"
        );

    private static void AddRecipient(
        CmsEnvelopedDataStreamGenerator envelope,
        X509Certificate recipient,
        bool usesPkcs1Padding,
        DateTimeOffset now
    )
    {
        RefuseOutsideLifetime(recipient, now);
        switch (recipient.GetPublicKey())
        {
            case RsaKeyParameters when usesPkcs1Padding:
                envelope.AddKeyTransRecipient(recipient);
                break;
            case RsaKeyParameters:
                envelope.AddRecipientInfoGenerator(
                    new KeyTransRecipientInfoGenerator(recipient, new Asn1KeyWrapper(OaepSha256, recipient))
                );
                break;
            case ECPublicKeyParameters:
                envelope.AddRecipientInfoGenerator(new AgreedRecipient(recipient));
                break;
            default:
                throw new PkiException(
                    $"The certificate {DistinguishedName.ToText(recipient.SubjectDN)} has a key that cannot receive a sealed file. Use one with RSA or ECDSA."
                );
        }
    }

    private static CmsSignedDataStreamGenerator NewSignature(SealRequest request, DateTimeOffset now)
    {
        var signer = request.Signer[0];
        var key = request.SignerKey ?? throw new PkiException("Signing needs the signer's key. Give --key FILE.");
        RefuseOutsideLifetime(signer, now);
        if (!PrivateKeys.Match(key, signer))
        {
            throw new PkiException(
                $"The key is not that of the certificate {DistinguishedName.ToText(signer.SubjectDN)}. Name the two files that belong together."
            );
        }
        if (key is not (RsaKeyParameters or ECKeyParameters))
        {
            throw new PkiException("Only RSA and ECDSA keys sign here. Use another certificate.");
        }
        RefuseOtherPurpose(signer);
        CmsSignedDataStreamGenerator signature = new(new SecureRandom());
        var digest = PrivateKeys.SignatureAlgorithm(key).StartsWith("SHA384", StringComparison.Ordinal)
            ? NistObjectIdentifiers.IdSha384
            : NistObjectIdentifiers.IdSha256;
        signature.AddSigner(key, signer, digest.Id);
        signature.AddCertificates(CollectionUtilities.CreateStore(request.Signer));
        return signature;
    }

    /// <summary>RFC 8550 §4.4.4: verifiers take a signature only if the certificate is for mail or for anything.</summary>
    private static void RefuseOtherPurpose(X509Certificate signer)
    {
        var purposes = signer.GetExtendedKeyUsage();
        if (
            purposes is { Count: > 0 }
            && !purposes.Contains(KeyPurposeID.id_kp_emailProtection)
            && !purposes.Contains(KeyPurposeID.AnyExtendedKeyUsage)
        )
        {
            throw new PkiException(
                $"The certificate {DistinguishedName.ToText(signer.SubjectDN)} is not for signing files (no emailProtection): verifiers would refuse it. Issue one: gateway ca issue --profile smime."
            );
        }
    }

    private static void RefuseOutsideLifetime(X509Certificate certificate, DateTimeOffset now)
    {
        if (!certificate.IsValid(now.UtcDateTime))
        {
            throw new PkiException(
                $"The certificate {DistinguishedName.ToText(certificate.SubjectDN)} is valid from {KeyFacts.Time(certificate.NotBefore):u} to {KeyFacts.Time(certificate.NotAfter):u}, not now. Renew it, or check this machine's clock."
            );
        }
    }
}
