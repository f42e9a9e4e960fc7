using Org.BouncyCastle.X509;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Files;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Pki.Authority;

/// <summary>Makes new authorities: roots, and intermediates under one that is there.</summary>
public static class AuthorityBirth
{
    /// <summary>Makes a root.</summary>
    /// <param name="folder">Made with mode 0700 if it is absent.</param>
    /// <param name="request">What it is to be.</param>
    /// <param name="time">The clock of the validity period.</param>
    /// <returns>Its certificate.</returns>
    /// <exception cref="PkiException">An authority is there already, or the folder cannot be written.</exception>
    public static X509Certificate MakeRoot(AuthorityFolder folder, AuthorityRequest request, TimeProvider time)
    {
        using var held = Claim(folder, request);
        var key = PrivateKeys.Generate(request.Key);
        var certificate = CertificateFactory.SelfSign(Template(request, key, time.GetUtcNow(), request.PathLength), key);
        Write(folder, request, key, certificate, parents: []);
        return certificate;
    }

    /// <summary>Makes an intermediate.</summary>
    /// <param name="folder">Made with mode 0700 if it is absent.</param>
    /// <param name="request">What it is to be.</param>
    /// <param name="parent">Signs it and has it in its index.</param>
    /// <exception cref="PkiException">As <see cref="MakeRoot"/>; or the parent allows no authority below it, or ends earlier.</exception>
    public static X509Certificate MakeIntermediate(AuthorityFolder folder, AuthorityRequest request, CertificateAuthority parent)
    {
        if (folder.Path == parent.Folder.Path)
        {
            throw new PkiException($"{folder.Path} is the folder of the parent. Give the intermediate a folder of its own.");
        }
        using var held = Claim(folder, request);
        var key = PrivateKeys.Generate(request.Key);
        var template = Template(request, key, parent.Time.GetUtcNow(), parent.PathLengthBelow(request.PathLength));
        var certificate = parent.SignAuthority(template);
        Write(folder, request, key, certificate, [parent.Certificate, .. parent.Parents]);
        return certificate;
    }

    private static IDisposable Claim(AuthorityFolder folder, AuthorityRequest request)
    {
        request.Places.Checked();
        PrivateFiles.MakeFolder(folder.Path);
        var held = folder.Lock();
        if (!request.Force && (File.Exists(folder.KeyFile) || File.Exists(folder.CertificateFile)))
        {
            held.Dispose();
            throw new PkiException(
                $"{folder.Path} has an authority already. Name another folder, or replace it with --force: its key and index are lost then, and what it issued has no issuer."
            );
        }
        return held;
    }

    private static CertificateTemplate Template(
        AuthorityRequest request,
        Org.BouncyCastle.Crypto.AsymmetricKeyParameter key,
        DateTimeOffset now,
        int? pathLength
    )
    {
        if (request.Subject.GetOidList().Count == 0)
        {
            throw new PkiException("An authority needs a subject (RFC 5280 §4.1.2.6). Give --subject \"CN=…\".");
        }
        var notBefore = now - CertificateAuthority.ClockSkew;
        return new CertificateTemplate
        {
            Profile = CertificateProfile.Authority,
            Subject = request.Subject,
            PublicKey = PrivateKeys.PublicOf(key),
            NotBefore = notBefore,
            NotAfter = CertificateAuthority.AddDays(notBefore, request.Days),
            PathLength = pathLength,
        };
    }

    private static void Write(
        AuthorityFolder folder,
        AuthorityRequest request,
        Org.BouncyCastle.Crypto.AsymmetricKeyParameter key,
        X509Certificate certificate,
        IReadOnlyList<X509Certificate> parents
    )
    {
        PrivateFiles.MakeFolder(folder.CertificatesFolder);
        PrivateFiles.MakeFolder(folder.IssuedFolder);
        File.Delete(folder.CrlFile);
        File.Delete(folder.ParentsFile);
        // Key first: a certificate without its key is found useless only when it is used.
        PrivateFiles.Write(folder.KeyFile, PrivateKeyPem.Write(key, request.Passphrase), PrivateFiles.Private);
        if (parents.Count > 0)
        {
            PrivateFiles.Write(folder.ParentsFile, CertificatePem.Write(parents), PrivateFiles.Public);
        }
        request.Places.Write(folder.PlacesFile);
        CertificateIndex.Write(folder.IndexFile, []);
        PrivateFiles.Write(folder.CrlNumberFile, "0\n", PrivateFiles.Private);
        PrivateFiles.Write(folder.CertificateFile, CertificatePem.Write(certificate), PrivateFiles.Public);
    }
}
