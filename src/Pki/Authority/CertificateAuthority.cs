using System.Text.RegularExpressions;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.X509;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Files;
using TlsGateway.Pki.Keys;
using TlsGateway.Pki.Revocation;

namespace TlsGateway.Pki.Authority;

/// <summary>
/// An authority for development, labs and the members of a fleet, kept in a folder of plain files. Holds the folder's lock while it is open: one run at a time.
/// </summary>
public sealed partial class CertificateAuthority : IDisposable
{
    /// <summary>Clocks of clients are off; certificates begin an hour ago.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromHours(1);

    private readonly IDisposable _lock;
    private readonly AsymmetricKeyParameter? _key;
    private List<IndexEntry> _index;

    private CertificateAuthority(
        AuthorityFolder folder,
        IDisposable held,
        X509Certificate certificate,
        IReadOnlyList<X509Certificate> parents,
        AsymmetricKeyParameter? key,
        TimeProvider time
    )
    {
        Folder = folder;
        _lock = held;
        Certificate = certificate;
        Parents = parents;
        _key = key;
        Time = time;
        Places = RevocationPlaces.Read(folder.PlacesFile);
        _index = [.. CertificateIndex.Read(folder.IndexFile)];
    }

    public AuthorityFolder Folder { get; }

    public X509Certificate Certificate { get; }

    /// <summary>The authorities above it, nearest first; none for a root.</summary>
    public IReadOnlyList<X509Certificate> Parents { get; }

    public RevocationPlaces Places { get; }

    /// <summary>All that it issued, oldest first.</summary>
    public IReadOnlyList<IndexEntry> Index => _index;

    internal TimeProvider Time { get; }

    /// <summary>Opens the authority of a folder.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="passphrase">For an encrypted key; null when there is none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="withKey">False: only for work that signs nothing (revoking, listing); the key is not read.</param>
    /// <exception cref="PkiException">There is none, it is broken, in use, or the passphrase is wrong.</exception>
    public static CertificateAuthority Open(AuthorityFolder folder, string? passphrase, TimeProvider time, bool withKey = true)
    {
        var held = folder.Lock();
        try
        {
            if (!File.Exists(folder.CertificateFile))
            {
                throw new PkiException($"{folder.Path} has no authority. Make one: gateway ca init --folder {folder.Path}");
            }
            var certificate = CertificatePem.ReadFile(folder.CertificateFile)[0];
            IReadOnlyList<X509Certificate> parents = File.Exists(folder.ParentsFile) ? CertificatePem.ReadFile(folder.ParentsFile) : [];
            var key = withKey ? PrivateKeyPem.ReadFile(folder.KeyFile, passphrase) : null;
            if (key is not null && !PrivateKeys.Match(key, certificate))
            {
                throw new PkiException($"{folder.KeyFile} is not the key of {folder.CertificateFile}. Put both back from one backup.");
            }
            return new CertificateAuthority(folder, held, certificate, parents, key, time);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Issues a leaf with a new key.</summary>
    /// <exception cref="PkiException">Files of its name are there, it would outlive the authority, or it has no name a client could check.</exception>
    public IssuedCertificate Issue(LeafRequest request)
    {
        var (certificateFile, keyFile) = FilesOf(request.Name, request.Folder);
        if (!request.Force && (File.Exists(certificateFile) || File.Exists(keyFile)))
        {
            throw new PkiException(
                $"{certificateFile} or its key is there already. Renew it (gateway ca renew {request.Name}), choose another --name, or replace both with --force."
            );
        }
        if (request.Names.IsEmpty && request.Profile is CertificateProfile.Server or CertificateProfile.Member)
        {
            throw new PkiException("A server certificate without names is refused by every client. Give --dns, --ip or --uri.");
        }
        PrivateFiles.MakeFolder(Path.GetDirectoryName(certificateFile)!);
        var key = PrivateKeys.Generate(request.Key);
        var template = Template(request.Profile, request.Subject, request.Names, PrivateKeys.PublicOf(key), Span(request.Days));
        var certificate = Sign(template with { MustStaple = request.MustStaple });
        var entry = Record(certificate, request.Profile, request.Name);
        PrivateFiles.Write(keyFile, PrivateKeyPem.Write(key, request.KeyPassphrase), PrivateFiles.Private);
        return WriteCertificate(entry, certificate, key, certificateFile, keyFile);
    }

    /// <summary>Issues again, with the same names, subject and profile. What was there stays beside it, its serial number in the name.</summary>
    /// <param name="nameOrSerial">Of a certificate that is not revoked.</param>
    /// <param name="keepKey">The new certificate is for the old key; else a new key of the same kind is made.</param>
    /// <param name="days">Its validity; null: as long as the old one's.</param>
    /// <param name="keyPassphrase">Encrypts the new key; null: it is plain.</param>
    /// <param name="folder">Where its files are; null: <see cref="AuthorityFolder.IssuedFolder"/>.</param>
    /// <exception cref="PkiException">There is none, it is revoked, or the files cannot be written.</exception>
    public IssuedCertificate Renew(string nameOrSerial, bool keepKey, int? days, string? keyPassphrase, string? folder = null)
    {
        var old = Find(nameOrSerial);
        if (old.IsRevoked)
        {
            throw new PkiException($"{old.Name} ({old.Serial}) is revoked and is not renewed. Issue a new certificate: gateway ca issue.");
        }
        if (old.Profile == CertificateProfile.Authority)
        {
            throw new PkiException(
                $"{old.Name} is an intermediate authority. Make a new one: gateway ca init --intermediate-of {Folder.Path}"
            );
        }
        var previous = CertificatePem.ReadFile(Folder.CopyFile(old.Serial))[0];
        var (certificateFile, keyFile) = FilesOf(old.Name, folder);
        PrivateFiles.MakeFolder(Path.GetDirectoryName(certificateFile)!);
        var key = keepKey ? null : PrivateKeys.Generate(KeyFacts.KindOf(previous.GetPublicKey()) ?? KeyKind.EcdsaP256);
        var span = days is { } number ? Span(number) : Span(old.NotAfter - old.NotBefore);
        var publicKey = key is null ? previous.GetPublicKey() : PrivateKeys.PublicOf(key);
        var template = Template(old.Profile, previous.SubjectDN, AlternativeNames.Of(previous), publicKey, span);
        var certificate = Sign(template with { MustStaple = MustStaple.IsPromisedBy(previous) });
        var entry = Record(certificate, old.Profile, old.Name);
        KeepAside(certificateFile, old.Serial);
        if (key is not null)
        {
            KeepAside(keyFile, old.Serial);
            PrivateFiles.Write(keyFile, PrivateKeyPem.Write(key, keyPassphrase), PrivateFiles.Private);
        }
        return WriteCertificate(entry, certificate, key, certificateFile, keyFile);
    }

    /// <summary>Marks a certificate as revoked from now on; the next CRL and every OCSP answer from now say so.</summary>
    /// <exception cref="PkiException">There is none, or it is revoked already.</exception>
    public IndexEntry Revoke(string nameOrSerial, RevocationReason reason)
    {
        var entry = Find(nameOrSerial);
        if (entry.IsRevoked)
        {
            throw new PkiException(
                $"{entry.Name} ({entry.Serial}) was revoked on {CertificateIndex.ToText(entry.RevokedAt!.Value)} for {RevocationReasonNames.NameOf(entry.Reason!.Value)}. Nothing is left to do."
            );
        }
        var revoked = entry with { RevokedAt = Time.GetUtcNow(), Reason = reason };
        Save([.. _index.Select(item => item.Serial == entry.Serial ? revoked : item)]);
        return revoked;
    }

    /// <summary>Makes the next CRL and writes it to <see cref="AuthorityFolder.CrlFile"/>.</summary>
    /// <param name="days">Until the next one is due.</param>
    public X509Crl MakeCrl(int days)
    {
        var number = CrlNumber.Next(Folder.CrlNumberFile);
        var now = Time.GetUtcNow();
        var crl = CrlFactory.Make(Certificate, Key, _index.Where(entry => entry.IsRevoked), number, now, AddDays(now, days));
        // The number is spent before the list is out: it never goes back, RFC 5280 §5.2.3.
        PrivateFiles.Write(Folder.CrlNumberFile, number + "\n", PrivateFiles.Private);
        PrivateFiles.Write(Folder.CrlFile, CrlFactory.ToPem(crl), PrivateFiles.Public);
        return crl;
    }

    /// <summary>Releases the folder.</summary>
    public void Dispose() => _lock.Dispose();

    internal static DateTimeOffset AddDays(DateTimeOffset start, int days) =>
        days is > 0 and <= 36_500 ? start.AddDays(days) : throw new PkiException($"{days} days is no period. Give 1 to 36500.");

    /// <summary>What an authority below this one may have; throws when none may be.</summary>
    internal int? PathLengthBelow(int? wanted)
    {
        var own = Certificate.GetBasicConstraints();
        if (own == 0)
        {
            throw new PkiException(
                $"The authority in {Folder.Path} has path length 0: it allows no authority below it. Make it with --path-length 1 or more."
            );
        }
        // BouncyCastle says int.MaxValue for no limit, -1 for no authority.
        if (own is < 0 or int.MaxValue)
        {
            return wanted;
        }
        if (wanted >= own)
        {
            throw new PkiException(
                $"The authority in {Folder.Path} has path length {own}: one below it has at most {own - 1}. Give a smaller --path-length."
            );
        }
        return wanted ?? own - 1;
    }

    internal X509Certificate SignAuthority(CertificateTemplate template)
    {
        var certificate = Sign(template with { CrlUrl = Places.CrlUrl, OcspUrl = Places.OcspUrl });
        var common = template.Subject.GetValueList(Org.BouncyCastle.Asn1.X509.X509Name.CN).FirstOrDefault();
        Record(certificate, CertificateProfile.Authority, SafeName(common ?? "authority"));
        return certificate;
    }

    /// <summary>A file name made of <paramref name="text"/>.</summary>
    public static string SafeName(string text)
    {
        var name = Unsafe().Replace(text.Replace("*", "wildcard", StringComparison.Ordinal), "-").Trim('-', '.');
        return name.Length == 0 ? "certificate" : name[..Math.Min(name.Length, 64)];
    }

    private AsymmetricKeyParameter Key => _key ?? throw new InvalidOperationException("opened without its key");

    private X509Certificate Sign(CertificateTemplate template)
    {
        if (template.NotAfter.UtcDateTime > Certificate.NotAfter)
        {
            var left = (int)(Certificate.NotAfter - Time.GetUtcNow().UtcDateTime).TotalDays;
            throw new PkiException(
                $"The certificate would outlive the authority in {Folder.Path}, which ends on {CertificateIndex.ToText(KeyFacts.Time(Certificate.NotAfter))}. "
                    + (left > 0 ? $"Give --days {left} or less." : "Make a new authority.")
            );
        }
        return CertificateFactory.Sign(template, Certificate, Key);
    }

    private CertificateTemplate Template(
        CertificateProfile profile,
        Org.BouncyCastle.Asn1.X509.X509Name subject,
        AlternativeNames names,
        AsymmetricKeyParameter publicKey,
        (DateTimeOffset From, DateTimeOffset To) span
    )
    {
        if (names.IsEmpty && subject.GetOidList().Count == 0)
        {
            throw new PkiException("The certificate names nobody. Give --subject \"CN=…\", or --dns, --ip, --uri or --email.");
        }
        return new CertificateTemplate
        {
            Profile = profile,
            Subject = subject,
            Names = names,
            PublicKey = publicKey,
            NotBefore = span.From,
            NotAfter = span.To,
            CrlUrl = Places.CrlUrl,
            // A responder's own certificate is not asked about: it has id-pkix-ocsp-nocheck.
            OcspUrl = profile == CertificateProfile.Ocsp ? null : Places.OcspUrl,
        };
    }

    private (DateTimeOffset From, DateTimeOffset To) Span(int days)
    {
        var from = Time.GetUtcNow() - ClockSkew;
        return (from, AddDays(from, days));
    }

    private (DateTimeOffset From, DateTimeOffset To) Span(TimeSpan length)
    {
        var from = Time.GetUtcNow() - ClockSkew;
        return (from, from + length);
    }

    /// <summary>The index is written before the certificate is given out: what is not in it cannot be revoked.</summary>
    private IndexEntry Record(X509Certificate certificate, CertificateProfile profile, string name)
    {
        IndexEntry entry = new(
            KeyFacts.Serial(certificate.SerialNumber),
            KeyFacts.Time(certificate.NotBefore),
            KeyFacts.Time(certificate.NotAfter),
            RevokedAt: null,
            Reason: null,
            profile,
            name,
            DistinguishedName.ToText(certificate.SubjectDN)
        );
        PrivateFiles.MakeFolder(Folder.CertificatesFolder);
        PrivateFiles.Write(Folder.CopyFile(entry.Serial), CertificatePem.Write(certificate), PrivateFiles.Public);
        Save([.. _index, entry]);
        return entry;
    }

    private void Save(List<IndexEntry> index)
    {
        CertificateIndex.Write(Folder.IndexFile, index);
        _index = index;
    }

    private IndexEntry Find(string nameOrSerial)
    {
        var serial = nameOrSerial.Replace(":", "", StringComparison.Ordinal);
        return _index.Find(entry => entry.Serial.Equals(serial, StringComparison.OrdinalIgnoreCase))
            ?? _index.FindLast(entry => entry.Name.Equals(nameOrSerial, StringComparison.Ordinal) && !entry.IsRevoked)
            ?? _index.FindLast(entry => entry.Name.Equals(nameOrSerial, StringComparison.Ordinal))
            ?? throw new PkiException(
                $"The authority in {Folder.Path} has no certificate '{nameOrSerial}', by name or serial. See them: gateway ca list --folder {Folder.Path}"
            );
    }

    private IssuedCertificate WriteCertificate(
        IndexEntry entry,
        X509Certificate certificate,
        AsymmetricKeyParameter? key,
        string certificateFile,
        string keyFile
    )
    {
        IReadOnlyList<X509Certificate> chain =
        [
            .. new[] { Certificate }.Concat(Parents).Where(authority => !authority.SubjectDN.Equivalent(authority.IssuerDN)),
        ];
        PrivateFiles.Write(certificateFile, CertificatePem.Write([certificate, .. chain]), PrivateFiles.Public);
        return new IssuedCertificate(entry, certificate, chain, key, certificateFile, keyFile);
    }

    private static void KeepAside(string file, string serial)
    {
        if (File.Exists(file))
        {
            var aside = Path.Combine(
                Path.GetDirectoryName(file)!,
                $"{Path.GetFileNameWithoutExtension(file)}.{serial}{Path.GetExtension(file)}"
            );
            var isKey = file.EndsWith("-key.pem", StringComparison.Ordinal);
            PrivateFiles.Write(aside, PrivateFiles.Read(file), isKey ? PrivateFiles.Private : PrivateFiles.Public);
        }
    }

    private (string Certificate, string Key) FilesOf(string name, string? folder)
    {
        if (name != SafeName(name))
        {
            throw new PkiException(
                $"'{name}' cannot name files. Use at most 64 letters, digits, '.', '-' and '_', such as {SafeName(name)}."
            );
        }
        var path = Path.GetFullPath(folder ?? Folder.IssuedFolder);
        return (Path.Combine(path, name + ".pem"), Path.Combine(path, name + "-key.pem"));
    }

    [GeneratedRegex(@"[^A-Za-z0-9._-]+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Unsafe();
}
