using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using TlsGateway.Gateway.Certificates;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Certificates;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class DevelopmentCertificatesTests : IDisposable
{
    private static readonly string[] Names = ["ca.pem", "ca-key.pem", "tls.pem", "tls-key.pem"];

    private readonly TemporaryFolder _parent = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    private string Folder => _parent.File("state");

    public void Dispose() => _parent.Dispose();

    [Fact]
    public void They_are_made_once_and_never_overwritten()
    {
        var first = LoadOrMake();
        var written = ReadAll();
        var second = LoadOrMake();

        Assert.True(first.WereMade);
        Assert.False(second.WereMade);
        Assert.Equal(written, ReadAll());
        Assert.Equal(first.Certificate, second.Certificate);
        Assert.Equal(Path.Combine(Folder, "ca.pem"), first.AuthorityFile);
        Assert.Null(first.Warning);
        Assert.Equal(
            Names.Order(StringComparer.Ordinal),
            Directory.GetFiles(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Keys_and_the_folder_are_the_users_alone()
    {
        LoadOrMake();

        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(Private | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
        Assert.Equal(Private, File.GetUnixFileMode(Path.Combine(Folder, "ca-key.pem")));
        Assert.Equal(Private, File.GetUnixFileMode(Path.Combine(Folder, "tls-key.pem")));
    }

    [Fact]
    public void The_leaf_chains_to_the_authority_for_servers()
    {
        LoadOrMake();
        using var authority = LoadCertificate("ca.pem");
        using var leaf = LoadCertificate("tls.pem");
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid("1.3.6.1.5.5.7.3.1"));

        Assert.True(chain.Build(leaf), string.Join(' ', chain.ChainStatus.Select(status => status.StatusInformation)));
    }

    [Fact]
    public void The_leaf_names_localhost_the_host_and_loopback()
    {
        LoadOrMake();
        using var leaf = LoadCertificate("tls.pem");
        var names = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();

        Assert.Equal(["localhost", "build.test"], names.EnumerateDnsNames());
        Assert.Equal([IPAddress.Loopback, IPAddress.IPv6Loopback], names.EnumerateIPAddresses());
        Assert.True(leaf.MatchesHostname("localhost", allowWildcards: false, allowCommonName: false));
    }

    [Fact]
    public void Authority_and_leaf_have_the_profile_that_clients_want()
    {
        LoadOrMake();
        using var authority = LoadCertificate("ca.pem");
        using var leaf = LoadCertificate("tls.pem");

        Assert.Equal("CN=TLS gateway development CA build.test", authority.Subject);
        var constraints = authority.Extensions.OfType<X509BasicConstraintsExtension>().Single();
        Assert.Equal((true, true, 0), (constraints.Critical, constraints.CertificateAuthority, constraints.PathLengthConstraint));
        Assert.True(authority.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign));
        Assert.Equal(10, authority.NotAfter.Year - authority.NotBefore.Year);

        Assert.False(leaf.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
        Assert.Equal(X509KeyUsageFlags.DigitalSignature, leaf.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages);
        Assert.InRange((leaf.NotAfter - leaf.NotBefore).TotalDays, 1, 825);
        Assert.Equal(
            authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.ToArray(),
            leaf.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value.ToArray()
        );
    }

    [Fact]
    public void A_host_name_that_is_no_DNS_name_or_too_long_is_no_obstacle()
    {
        var certificates = DevelopmentCertificates.LoadOrMake(Folder, new string('x', 70) + "_ not a name", _time);
        using var leaf = LoadCertificate("tls.pem");

        Assert.True(certificates.WereMade);
        Assert.Equal(["localhost"], leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames());
    }

    [Theory]
    [InlineData("ca.pem")]
    [InlineData("ca-key.pem")]
    [InlineData("tls.pem")]
    [InlineData("tls-key.pem")]
    public void A_missing_file_is_named_and_nothing_is_made(string name)
    {
        LoadOrMake();
        File.Delete(Path.Combine(Folder, name));
        var before = ReadAll();

        var failure = Assert.Throws<DevelopmentCertificateException>(LoadOrMake);

        Assert.Contains($"incomplete: {name} missing", failure.Message, StringComparison.Ordinal);
        Assert.Contains("remove the present", failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, ReadAll());
    }

    [Fact]
    public void A_key_of_another_set_is_told()
    {
        LoadOrMake();
        DevelopmentCertificates.LoadOrMake(_parent.File("other"), "build.test", _time);
        File.Copy(_parent.File("other/tls-key.pem"), Path.Combine(Folder, "tls-key.pem"), overwrite: true);

        Assert.Contains(
            "is not the key of tls.pem",
            Assert.Throws<DevelopmentCertificateException>(LoadOrMake).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void An_expired_leaf_is_served_with_a_warning_that_says_what_to_do()
    {
        LoadOrMake();
        _time.Advance(TimeSpan.FromDays(826));

        var warning = LoadOrMake().Warning;

        Assert.Contains("expired on", warning, StringComparison.Ordinal);
        Assert.Contains($"Remove ca.pem, ca-key.pem, tls.pem, tls-key.pem from {Folder}", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_told()
    {
        _parent.Write("state", "a file");

        Assert.Contains("stateFolder", Assert.Throws<DevelopmentCertificateException>(LoadOrMake).Message, StringComparison.Ordinal);
    }

    private DevelopmentCertificates LoadOrMake() => DevelopmentCertificates.LoadOrMake(Folder, "build.test", _time);

    private Dictionary<string, string> ReadAll() =>
        Directory.GetFiles(Folder).ToDictionary(file => file, File.ReadAllText, StringComparer.Ordinal);

    private X509Certificate2 LoadCertificate(string name) => X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Folder, name));
}
