using Org.BouncyCastle.Cms;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.X509;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Files;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Pki.Sealing;

/// <summary>Opens what <see cref="Sealer"/>, <c>openssl cms</c> or <c>openssl smime</c> sealed. What it writes on the way is not to be trusted until it returns.</summary>
public static class Unsealer
{
    /// <summary>Decrypts and verifies.</summary>
    /// <param name="input">The sealed file; can seek.</param>
    /// <param name="scratch">An empty file of the user's alone that can be read back: the decrypted bytes with their signature.</param>
    /// <param name="output">Gets the content.</param>
    /// <param name="key">The recipient's key.</param>
    /// <param name="certificate">The recipient's certificate.</param>
    /// <param name="authorities">Whom signers have to chain to; empty: signatures are checked, signers are not, and an unsigned file is let pass.</param>
    /// <param name="time">The clock of the signers' validity.</param>
    /// <exception cref="PkiException">It is not for this recipient, broken, not signed, or signed by someone who is not trusted.</exception>
    public static Unsealed Unseal(
        Stream input,
        Stream scratch,
        Stream output,
        AsymmetricKeyParameter key,
        X509Certificate certificate,
        IReadOnlyList<X509Certificate> authorities,
        TimeProvider time
    )
    {
        if (!PrivateKeys.Match(key, certificate))
        {
            throw new PkiException(
                $"The key is not that of the certificate {DistinguishedName.ToText(certificate.SubjectDN)}. Name the two files that belong together."
            );
        }
        Decrypt(input, scratch, key, certificate);
        scratch.Position = 0;
        var (form, header) = CmsInput.Recognise(scratch);
        if (form != SignedForm.None)
        {
            return SignatureCheck.Verify(scratch, form, header, output, authorities, time);
        }
        if (authorities.Count > 0)
        {
            throw new PkiException(
                "The file is not signed, and --verify-ca asks for a signature. Ask the sender to seal it with --sign, or leave --verify-ca out."
            );
        }
        scratch.CopyTo(output);
        return new Unsealed([], AreTrusted: false);
    }

    internal static PkiException NotFor(X509Certificate certificate) =>
        new(
            $"The file is not sealed for {DistinguishedName.ToText(certificate.SubjectDN)} (serial {KeyFacts.Serial(certificate.SerialNumber)}). Use the certificate and key of one of its recipients."
        );

    private static void Decrypt(Stream input, Stream plain, AsymmetricKeyParameter key, X509Certificate certificate)
    {
        try
        {
            var structure = CmsInput.Open(input);
            if (key is ECPrivateKeyParameters curve)
            {
                AgreedEnvelope.Decrypt(structure, plain, curve, certificate);
                return;
            }
            using CmsEnvelopedDataParser envelope = new(structure);
            var recipients = envelope.GetRecipientInfos().GetRecipients();
            var recipient = recipients.FirstOrDefault(candidate => candidate.RecipientID.Match(certificate)) ?? throw NotFor(certificate);
            using var content = recipient.GetContentStream(key).ContentStream;
            content.CopyTo(plain);
        }
        catch (Exception broken) when (Unreadable.IsExpected(broken))
        {
            throw new PkiException(
                $"The file cannot be decrypted: it was cut or changed, or is not CMS EnvelopedData ({broken.Message}). Get it again; AES-GCM (AuthEnvelopedData) is not read here, AES-256-CBC is.",
                broken
            );
        }
    }
}
