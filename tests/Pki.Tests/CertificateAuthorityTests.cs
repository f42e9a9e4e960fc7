using System.Runtime.Versioning;
using Microsoft.Extensions.Time.Testing;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Keys;
using TlsGateway.Pki.Revocation;

namespace TlsGateway.Pki.Tests;

[SupportedOSPlatform("linux")]
public sealed class CertificateAuthorityTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryFolder _parent = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero));

    private AuthorityFolder Folder => new(_parent.File("ca"));

    public void Dispose() => _parent.Dispose();

    [Fact]
    public void Keys_and_folders_are_the_users_alone()
    {
        MakeRoot();
        using (var authority = Open())
            authority.Issue(Server("a.test"));

        Assert.Equal(Private | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder.Path));
        Assert.Equal(Private | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder.IssuedFolder));
        Assert.Equal(Private, File.GetUnixFileMode(Folder.KeyFile));
        Assert.Equal(Private, File.GetUnixFileMode(Folder.IndexFile));
        Assert.Equal(Private, File.GetUnixFileMode(Path.Combine(Folder.IssuedFolder, "a.test-key.pem")));
    }

    [Fact]
    public void An_authority_and_its_certificates_are_not_overwritten_without_force()
    {
        MakeRoot();
        using (var authority = Open())
            authority.Issue(Server("a.test"));
        var key = File.ReadAllText(Folder.KeyFile);

        Assert.Contains("has an authority already", Assert.Throws<PkiException>(MakeRoot).Message, StringComparison.Ordinal);
        Assert.Equal(key, File.ReadAllText(Folder.KeyFile));
        using (var authority = Open())
        {
            Assert.Contains(
                "is there already",
                Assert.Throws<PkiException>(() => authority.Issue(Server("a.test"))).Message,
                StringComparison.Ordinal
            );
            authority.Issue(Server("a.test") with { Force = true });
            Assert.Equal(2, authority.Index.Count);
        }
        AuthorityBirth.MakeRoot(Folder, Root() with { Force = true }, _time);
        Assert.NotEqual(key, File.ReadAllText(Folder.KeyFile));
    }

    [Fact]
    public void A_second_run_is_kept_off_and_let_in_when_the_first_ends()
    {
        MakeRoot();
        using (Open())
            Assert.Contains("in use by another", Assert.Throws<PkiException>(Open).Message, StringComparison.Ordinal);
        using var later = Open();
        Assert.Empty(later.Index);
    }

    [Fact]
    public void The_index_keeps_what_was_issued_and_revoked()
    {
        MakeRoot();
        IndexEntry issued;
        using (var authority = Open())
        {
            issued = authority.Issue(Server("a.test")).Entry;
            authority.Issue(Server("b.test"));
        }
        _time.Advance(TimeSpan.FromDays(1));
        using (var authority = Open())
            authority.Revoke(issued.Serial.ToLowerInvariant(), RevocationReason.CaCompromise);

        var index = CertificateIndex.Read(Folder.IndexFile);
        Assert.Equal(["a.test", "b.test"], index.Select(entry => entry.Name));
        Assert.Equal(issued with { RevokedAt = _time.GetUtcNow(), Reason = RevocationReason.CaCompromise }, index[0]);
        Assert.Equal(("revoked", "good"), (index[0].StateAt(_time.GetUtcNow()), index[1].StateAt(_time.GetUtcNow())));
        Assert.Equal("expired", index[1].StateAt(_time.GetUtcNow().AddDays(400)));
        // As the format is documented.
        Assert.Matches(
            $"(?m)^{issued.Serial}\trevoked\t2030-01-02T02:04:05Z\t2031-02-03T02:04:05Z\t2030-01-03T03:04:05Z\tcACompromise\tserver\ta\\.test\tCN=a\\.test$",
            File.ReadAllText(Folder.IndexFile)
        );
    }

    [Theory]
    [InlineData("AB\tgood\tnonsense")]
    [InlineData("AB\tgood\t2030-01-02T02:04:05Z\t2031-01-02T02:04:05Z\t2031-01-02T02:04:05Z\t-\tserver\ta\tCN=a")]
    [InlineData("AB\trevoked\t2030-01-02T02:04:05Z\t2031-01-02T02:04:05Z\t-\t-\tserver\ta\tCN=a")]
    [InlineData("ab\tgood\t2030-01-02T02:04:05Z\t2031-01-02T02:04:05Z\t-\t-\tserver\ta\tCN=a")]
    [InlineData("AB\tgood\t2030-01-02T02:04:05Z\t2031-01-02T02:04:05Z\t-\t-\tking\ta\tCN=a")]
    public void A_wrong_line_of_the_index_is_named(string line)
    {
        MakeRoot();
        File.AppendAllText(Folder.IndexFile, line + "\n");

        Assert.StartsWith($"{Folder.IndexFile}:2: ", Assert.Throws<PkiException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_subject_cannot_break_the_index()
    {
        MakeRoot();
        using (var authority = Open())
        {
            var subject = DistinguishedName.CommonName("a\tgood\nFF\tgood");
            authority.Issue(Server("a.test") with { Subject = subject });
        }

        var entry = Assert.Single(CertificateIndex.Read(Folder.IndexFile));
        Assert.Contains(@"\09good\0AFF", entry.Subject, StringComparison.Ordinal);
    }

    [Fact]
    public void An_encrypted_key_needs_its_passphrase()
    {
        AuthorityBirth.MakeRoot(Folder, Root() with { Passphrase = "secret" }, _time);

        Assert.Contains("BEGIN ENCRYPTED PRIVATE KEY", File.ReadAllText(Folder.KeyFile), StringComparison.Ordinal);
        Assert.Contains("--passphrase-file", Assert.Throws<PkiException>(Open).Message, StringComparison.Ordinal);
        Assert.Contains(
            "passphrase is wrong",
            Assert.Throws<PkiException>(() => CertificateAuthority.Open(Folder, "wrong", _time)).Message,
            StringComparison.Ordinal
        );
        using var authority = CertificateAuthority.Open(Folder, "secret", _time);
        Assert.Equal("a.test", authority.Issue(Server("a.test")).Entry.Name);
    }

    [Fact]
    public void No_leaf_outlives_its_authority()
    {
        MakeRoot();
        using var authority = Open();

        var message = Assert.Throws<PkiException>(() => authority.Issue(Server("a.test") with { Days = 4000 })).Message;

        Assert.Contains("--days 3649 or less", message, StringComparison.Ordinal);
        Assert.Empty(authority.Index);
    }

    [Fact]
    public void A_revoked_certificate_is_neither_revoked_again_nor_renewed()
    {
        MakeRoot();
        using var authority = Open();
        authority.Issue(Server("a.test"));
        authority.Revoke("a.test", RevocationReason.Superseded);

        Assert.Contains(
            "was revoked on",
            Assert.Throws<PkiException>(() => authority.Revoke("a.test", RevocationReason.Superseded)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "is revoked",
            Assert.Throws<PkiException>(() => authority.Renew("a.test", keepKey: false, days: null, keyPassphrase: null)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no certificate 'b.test'",
            Assert.Throws<PkiException>(() => authority.Revoke("b.test", RevocationReason.Superseded)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Serial_numbers_have_sixteen_octets_and_differ()
    {
        MakeRoot();
        using var authority = Open();
        var serials = Enumerable.Range(0, 20).Select(number => authority.Issue(Server($"h{number}.test")).Entry.Serial).ToList();

        Assert.Equal(20, serials.Distinct(StringComparer.Ordinal).Count());
        Assert.All(serials, serial => Assert.Equal(32, serial.Length));
    }

    [Theory]
    [InlineData("-a.test")]
    [InlineData("a..test")]
    [InlineData("a_b.test")]
    [InlineData("www.*.test")]
    [InlineData("a.test\n")]
    [InlineData("")]
    public void What_is_no_DNS_name_is_refused(string name) =>
        Assert.Contains(
            "is no DNS name",
            Assert.Throws<PkiException>(() => new AlternativeNames().AddDns(name)).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("300.1.1.1")]
    [InlineData("fe80::1%eth0")]
    public void What_is_no_address_is_refused(string text) => Assert.Throws<PkiException>(() => new AlternativeNames().AddAddress(text));

    [Theory]
    [InlineData("/no/scheme")]
    [InlineData("spiffe://a b")]
    public void What_is_no_URI_is_refused(string text) => Assert.Throws<PkiException>(() => new AlternativeNames().AddUri(text));

    [Fact]
    public void A_replacement_that_is_not_committed_leaves_the_old_file_and_nothing_beside_it()
    {
        var file = _parent.File("f");
        File.WriteAllText(file, "old");
        using (var replacement = Files.FileReplacement.Begin(file, Private))
            replacement.Content.WriteByte(1);

        Assert.Equal("old", File.ReadAllText(file));
        Assert.Equal([file], Directory.GetFiles(_parent.Path));
    }

    private void MakeRoot() => AuthorityBirth.MakeRoot(Folder, Root(), _time);

    private CertificateAuthority Open() => CertificateAuthority.Open(Folder, passphrase: null, _time);

    private static AuthorityRequest Root() => new() { Subject = DistinguishedName.Parse("CN=Root,O=Example") };

    private static LeafRequest Server(string name) =>
        new()
        {
            Name = name,
            Profile = CertificateProfile.Server,
            Subject = DistinguishedName.CommonName(name),
            Names = new AlternativeNames().AddDns(name),
            Key = KeyKind.EcdsaP256,
        };
}
