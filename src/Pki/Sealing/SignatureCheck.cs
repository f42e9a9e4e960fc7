using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Cms;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Files;
using X509Certificate = Org.BouncyCastle.X509.X509Certificate;

namespace TlsGateway.Pki.Sealing;

/// <summary>Checks the signatures of a file and who made them.</summary>
internal static class SignatureCheck
{
    /// <summary>RFC 8550 §4.4.4: id-kp-emailProtection.</summary>
    private const string MailPurpose = "1.3.6.1.5.5.7.3.4";

    /// <summary>A signature verified per signer; real files have one.</summary>
    private const int MaxSigners = 16;

    /// <summary>Writes the content to <paramref name="output"/> and verifies it.</summary>
    /// <exception cref="PkiException">A signature is wrong, or a signer not trusted.</exception>
    public static Unsealed Verify(
        Stream file,
        SignedForm form,
        MimeHeader? header,
        Stream output,
        IReadOnlyList<X509Certificate> authorities,
        TimeProvider time
    )
    {
        try
        {
            using var signed = Open(file, form, header, output);
            // The content has to be read to its end before the signatures behind it can be.
            var certificates = signed.GetCertificates().EnumerateMatches(selector: null).ToList();
            var signers = signed.GetSignerInfos().GetSigners();
            if (signers.Count is 0 or > MaxSigners)
            {
                throw new PkiException(
                    $"The file has {signers.Count} signatures; 1 to {MaxSigners} are taken. Ask the sender to seal it again."
                );
            }
            var subjects = signers.Select(signer => Check(signer, certificates, authorities, time.GetUtcNow())).ToList();
            return new Unsealed(subjects, authorities.Count > 0);
        }
        catch (Exception broken) when (Unreadable.IsExpected(broken))
        {
            throw new PkiException(
                $"The signature cannot be read: the file was changed or is no S/MIME ({broken.Message}). Get it again.",
                broken
            );
        }
    }

    private static CmsSignedDataParser Open(Stream file, SignedForm form, MimeHeader? header, Stream output)
    {
        if (form == SignedForm.Multipart)
        {
            var signature = MultipartSigned.Split(file, header!.Parameters["boundary"], output);
            output.Position = 0;
            CmsSignedDataParser detached = new(new CmsTypedStream(new KeptOpenStream(output)), signature);
            detached.GetSignedContent().Drain();
            return detached;
        }
        CmsSignedDataParser opaque = new(form == SignedForm.Entity ? CmsInput.Open(file) : file);
        var content =
            opaque.GetSignedContent()
            ?? throw new PkiException("The signature is detached from its content. Ask the sender for a file with both.");
        content.ContentStream.CopyTo(output);
        return opaque;
    }

    private static string Check(
        SignerInformation signer,
        List<X509Certificate> certificates,
        IReadOnlyList<X509Certificate> authorities,
        DateTimeOffset now
    )
    {
        var certificate =
            certificates.Concat(authorities).FirstOrDefault(signer.SignerID.Match)
            ?? throw new PkiException(
                "The signer's certificate is not in the file. Ask the sender to include it (openssl: without -nocerts)."
            );
        var subject = DistinguishedName.ToText(certificate.SubjectDN);
        // The key alone: lifetime and trust are the chain's to judge.
        if (!signer.Verify(certificate.GetPublicKey()))
        {
            throw new PkiException($"The signature of {subject} does not fit the content: the file was changed. Get it again.");
        }
        if (authorities.Count > 0 && DescribeDistrust(certificate, certificates, authorities, now) is { } why)
        {
            throw new PkiException($"The signer {subject} is not trusted: {why}. If it should be, give its authority with --verify-ca.");
        }
        return subject;
    }

    private static string? DescribeDistrust(
        X509Certificate certificate,
        List<X509Certificate> certificates,
        IReadOnlyList<X509Certificate> authorities,
        DateTimeOffset now
    )
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid(MailPurpose));
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities.Select(ToHost).ToArray());
        chain.ChainPolicy.ExtraStore.AddRange(certificates.Concat(authorities).Select(ToHost).ToArray());
        using var leaf = ToHost(certificate);
        return chain.Build(leaf)
            ? null
            : string.Join(", ", chain.ChainStatus.Select(status => status.StatusInformation.Trim()).Distinct(StringComparer.Ordinal));
    }

    private static X509Certificate2 ToHost(X509Certificate certificate) => X509CertificateLoader.LoadCertificate(certificate.GetEncoded());
}
