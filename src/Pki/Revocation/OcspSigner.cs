using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.X509;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Files;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Pki.Revocation;

/// <summary>A delegated responder (RFC 6960 §4.2.2.2): a certificate of the authority for OCSPSigning and its key, so that the authority's own key need not be at hand to answer.</summary>
/// <param name="Certificate">Issued by the authority itself.</param>
/// <param name="Key">Its key.</param>
public sealed record OcspSigner(X509Certificate Certificate, AsymmetricKeyParameter Key)
{
    /// <summary>What its files are called.</summary>
    public const string Name = "ocsp-responder";

    private const int Days = 365;

    /// <summary>A certificate with less left is replaced at the next start.</summary>
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    /// <summary>Loads the responder's certificate, issuing it first when there is none or it soon ends. Only then the authority's key is used.</summary>
    /// <param name="folder">The authority.</param>
    /// <param name="passphrase">Of the authority's key, which encrypts the responder's too; null when there is none.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="PkiException">It is broken, or cannot be issued.</exception>
    public static OcspSigner LoadOrIssue(AuthorityFolder folder, string? passphrase, TimeProvider time)
    {
        var certificateFile = Path.Combine(folder.IssuedFolder, Name + ".pem");
        var keyFile = Path.Combine(folder.IssuedFolder, Name + "-key.pem");
        if (!IsUsable(certificateFile, keyFile, folder, time.GetUtcNow()))
        {
            using var authority = CertificateAuthority.Open(folder, passphrase, time);
            var left = KeyFacts.Time(authority.Certificate.NotAfter) - time.GetUtcNow();
            authority.Issue(
                new LeafRequest
                {
                    Name = Name,
                    Profile = CertificateProfile.Ocsp,
                    Subject = DistinguishedName.CommonName("OCSP responder"),
                    Key = KeyFacts.KindOf(authority.Certificate.GetPublicKey()) ?? KeyKind.EcdsaP256,
                    Days = Math.Clamp((int)left.TotalDays, 1, Days),
                    KeyPassphrase = passphrase,
                    Force = true,
                }
            );
        }
        return new OcspSigner(CertificatePem.ReadFile(certificateFile)[0], PrivateKeyPem.ReadFile(keyFile, passphrase));
    }

    public override string ToString() => $"OcspSigner({Certificate.SerialNumber.ToString(radix: 16)})";

    private static bool IsUsable(string certificateFile, string keyFile, AuthorityFolder folder, DateTimeOffset now)
    {
        if (!File.Exists(certificateFile) || !File.Exists(keyFile))
        {
            return false;
        }
        var certificate = CertificatePem.ReadFile(certificateFile)[0];
        var serial = KeyFacts.Serial(certificate.SerialNumber);
        return KeyFacts.Time(certificate.NotAfter) - now > RenewBefore
            && CertificateIndex.Read(folder.IndexFile).Any(entry => entry.Serial == serial && !entry.IsRevoked);
    }
}
