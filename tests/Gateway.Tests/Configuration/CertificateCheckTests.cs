using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Configuration;

/// <summary>Certificates and keys are tried before they are served.</summary>
public sealed class CertificateCheckTests : IDisposable
{
    private const string KeyPosition = ":7:38: ";
    private const string CertificatePosition = ":7:26: ";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Keys_of_every_usual_kind_and_form_match_their_certificate()
    {
        foreach (
            var pair in new[]
            {
                TestCertificate.MakeEcdsa("ec"),
                TestCertificate.MakeEcdsaSec1("sec1"),
                TestCertificate.MakeRsaPkcs1("rsa1"),
                TestCertificate.MakeRsaPkcs8("rsa8"),
            }
        )
        {
            var result = await LoadAsync(pair.CertificatePem, pair.KeyPem);
            Assert.Empty(result.Problems);
            var certificate = Assert.Single(result.Configuration!.Listeners[0].Tls.Certificates);
            Assert.Equal((pair.CertificatePem, pair.KeyPem), (certificate.ChainPem, certificate.KeyPem));
        }
    }

    [Fact]
    public async Task Paths_are_relative_to_the_configuration_file()
    {
        var pair = TestCertificate.MakeEcdsa("relative");
        _folder.Write("c.pem", pair.CertificatePem);
        _folder.Write("k.pem", pair.KeyPem);
        var file = _folder.Write("g.yaml", Yaml);

        var result = await ConfigurationLoader.LoadAsync(file, Loader.World("/"), TestContext.Current.CancellationToken);

        Assert.Empty(result.Problems);
    }

    [Fact]
    public async Task A_key_of_another_certificate_is_refused()
    {
        await AssertRefusedAsync(
            TestCertificate.MakeEcdsa("one").CertificatePem,
            TestCertificate.MakeEcdsa("two").KeyPem,
            KeyPosition,
            "not the key of the certificate CN=one"
        );
        await AssertRefusedAsync(
            TestCertificate.MakeRsaPkcs1("one").CertificatePem,
            TestCertificate.MakeEcdsa("two").KeyPem,
            KeyPosition,
            "not the key of"
        );
    }

    [Fact]
    public async Task An_encrypted_key_without_its_passphrase_is_refused() =>
        await AssertRefusedAsync(
            TestCertificate.MakeEcdsa("x").CertificatePem,
            TestCertificate.EncryptedKeyPem(),
            KeyPosition,
            "is encrypted",
            "passphraseFile"
        );

    [Fact]
    public async Task Files_without_what_they_should_hold_are_refused()
    {
        var pair = TestCertificate.MakeEcdsa("x");
        await AssertRefusedAsync("nothing", pair.KeyPem, CertificatePosition, "no PEM certificate");
        await AssertRefusedAsync(pair.KeyPem, pair.KeyPem, CertificatePosition, "no PEM certificate");
        await AssertRefusedAsync(pair.CertificatePem, "nothing", KeyPosition, "no PEM private key");
        await AssertRefusedAsync(pair.CertificatePem, pair.CertificatePem, KeyPosition, "no PEM private key");
        await AssertRefusedAsync(Cut(pair.CertificatePem), pair.KeyPem, CertificatePosition, "broken certificate");
        await AssertRefusedAsync(pair.CertificatePem, Cut(pair.KeyPem), KeyPosition, "broken private key");
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_is_named()
    {
        var result = await Loader.LoadAsync(_folder, Yaml);

        Assert.Equal(2, result.Problems.Count);
        Assert.Contains($"does not exist ({_folder.File("c.pem")})", result.Problems[0].Message, StringComparison.Ordinal);
        Assert.Contains("relative to the folder of the configuration file", result.Problems[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pasted_key_is_refused_and_not_repeated()
    {
        var pair = TestCertificate.MakeEcdsa("x");
        _folder.Write("c.pem", pair.CertificatePem);
        var result = await Loader.LoadAsync(_folder, Yaml.Replace("k.pem", "\"${KEY}\"", StringComparison.Ordinal), ("KEY", pair.KeyPem));

        var problem = Assert.Single(result.Problems);
        Assert.Contains("PEM text itself", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("BEGIN", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_out_of_its_time_is_a_warning()
    {
        var now = TimeProvider.System.GetUtcNow();
        foreach (
            var (from, to, part) in new[]
            {
                (now.AddDays(-9), now.AddDays(-2), "expired on"),
                (now.AddDays(2), now.AddDays(9), "is not valid before"),
            }
        )
        {
            var pair = TestCertificate.MakeEcdsa("x", from, to);
            var result = await LoadAsync(pair.CertificatePem, pair.KeyPem);
            Assert.NotNull(result.Configuration);
            var warning = Assert.Single(result.Problems);
            Assert.Equal(ProblemSeverity.Warning, warning.Severity);
            Assert.Contains(part, warning.Message, StringComparison.Ordinal);
        }
    }

    private const string Yaml = """
        listeners:
          - name: https
            bind: 127.0.0.1:8443
            upstream: demo
            tls:
              certificates:
                - { certificate: c.pem, key: k.pem }
        upstreams:
          demo: { address: embedded-demo }

        """;

    private async Task AssertRefusedAsync(string chainPem, string keyPem, string position, params string[] parts)
    {
        var result = await LoadAsync(chainPem, keyPem);
        Assert.Null(result.Configuration);
        var problem = Assert.Single(result.Problems).ToString();
        Assert.Contains(position, problem, StringComparison.Ordinal);
        Assert.All(parts, part => Assert.Contains(part, problem, StringComparison.Ordinal));
        Assert.DoesNotContain("MII", problem, StringComparison.Ordinal);
    }

    private Task<ConfigurationResult> LoadAsync(string chainPem, string keyPem)
    {
        _folder.Write("c.pem", chainPem);
        _folder.Write("k.pem", keyPem);
        return Loader.LoadAsync(_folder, Yaml);
    }

    /// <summary>Valid Base64 of half the bytes.</summary>
    private static string Cut(string pem)
    {
        var lines = pem.ReplaceLineEndings("\n").Trim().Split('\n');
        return string.Join('\n', [lines[0], lines[1], lines[^1], ""]);
    }
}
