using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Configuration;

/// <summary>Certificates and keys as operators have them: in one file, as PKCS#12, with a passphrase.</summary>
public sealed class CertificateFormTests : IDisposable
{
    private static readonly PbeParameters Encryption = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);

    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificate _pair = TestCertificate.MakeEcdsa("forms");

    public CertificateFormTests()
    {
        _folder.Write("c.pem", _pair.CertificatePem);
        _folder.Write("k.pem", _pair.KeyPem);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_key_may_be_in_the_certificate_s_file()
    {
        _folder.Write("both.pem", _pair.CertificatePem + "\n" + _pair.KeyPem);
        await AssertServesAsync("certificate: both.pem");
    }

    [Theory]
    [InlineData("passphraseFile: pass.txt")]
    [InlineData("passphraseEnvironment: KEY_PASS")]
    public async Task A_key_may_have_a_passphrase(string where)
    {
        WriteEncryptedKey();
        _folder.Write("pass.txt", "correct horse\nsecond line");
        await AssertServesAsync($"certificate: c.pem, key: k.pem, {where}");
    }

    [Fact]
    public async Task A_key_of_the_old_encrypted_form_is_read()
    {
        // What openssl genrsa -aes128 -traditional wrote: RFC 1421 headers.
        var pair = TestCertificate.MakeRsaPkcs1("old");
        using StringWriter text = new();
        using (Org.BouncyCastle.OpenSsl.PemWriter writer = new(text))
        {
            using var rsa = RSA.Create();
            rsa.ImportFromPem(pair.KeyPem);
            writer.WriteObject(
                Org.BouncyCastle.Security.DotNetUtilities.GetRsaKeyPair(rsa),
                "AES-128-CBC",
                "correct horse".ToCharArray(),
                new Org.BouncyCastle.Security.SecureRandom()
            );
        }
        Assert.Contains("Proc-Type: 4,ENCRYPTED", text.ToString(), StringComparison.Ordinal);
        _folder.Write("c.pem", pair.CertificatePem);
        _folder.Write("k.pem", text.ToString());
        var result = await LoadAsync("certificate: c.pem, key: k.pem, passphraseEnvironment: KEY_PASS");
        Assert.Empty(result.Problems);
    }

    [Theory]
    [InlineData("correct horse", "passphraseEnvironment: KEY_PASS")]
    [InlineData("", "")]
    public async Task PKCS12_is_read(string passphrase, string where)
    {
        WritePkcs12(passphrase);
        await AssertServesAsync($"pkcs12: store.p12{(where.Length == 0 ? "" : ", " + where)}");
    }

    [Fact]
    public async Task A_wrong_passphrase_is_said_and_not_shown()
    {
        WriteEncryptedKey();
        await AssertRefusedAsync("certificate: c.pem, key: k.pem, passphraseFile: wrong.txt", "cannot be decrypted", "passphrase is wrong");
        WritePkcs12("correct horse");
        await AssertRefusedAsync("pkcs12: store.p12, passphraseFile: wrong.txt", "passphrase is wrong");
        await AssertRefusedAsync("pkcs12: store.p12", "has a passphrase", "passphraseFile");
    }

    [Fact]
    public async Task A_file_that_is_no_PKCS12_is_said()
    {
        _folder.Write("store.p12", "no DER at all");
        await AssertRefusedAsync("pkcs12: store.p12", "no PKCS#12", "openssl pkcs12 -export");
    }

    [Fact]
    public async Task A_PKCS12_file_without_a_key_is_said()
    {
        using var certificate = X509Certificate2.CreateFromPem(_pair.CertificatePem);
        await File.WriteAllBytesAsync(
            _folder.File("store.p12"),
            certificate.Export(X509ContentType.Pkcs12, "correct horse"),
            TestContext.Current.CancellationToken
        );
        await AssertRefusedAsync("pkcs12: store.p12, passphraseEnvironment: KEY_PASS", "holds 0 private keys");
    }

    [Theory]
    [InlineData("passphraseFile: wrong.txt", "names no certificate")]
    [InlineData("pkcs12: store.p12, key: k.pem", "pkcs12 beside certificate or key")]
    [InlineData("certificate: c.pem, key: k.pem, passphraseFile: wrong.txt, passphraseEnvironment: KEY_PASS", "Remove one of the two")]
    [InlineData("certificate: c.pem, key: k.pem, passphraseEnvironment: NOWHERE", "passphraseEnvironment is 'NOWHERE', which is empty")]
    [InlineData("certificate: c.pem, key: k.pem, passphraseFile: empty.txt", "whose first line is empty")]
    [InlineData("certificate: c.pem, key: k.pem, passphraseFile: nowhere.txt", "does not exist")]
    [InlineData("certificate: c.pem", "no PEM private key")]
    public async Task What_does_not_go_together_is_refused(string written, string part)
    {
        _folder.Write("store.p12", "");
        _folder.Write("empty.txt", "\nsecond line");
        await AssertRefusedAsync(written, part);
    }

    private async Task AssertServesAsync(string written)
    {
        var result = await LoadAsync(written);
        Assert.Empty(result.Problems);
        var served = Assert.Single(result.Configuration!.Listeners[0].Tls.Certificates);
        using var pair = X509Certificate2.CreateFromPem(served.ChainPem, served.KeyPem);
        Assert.Equal("CN=forms", pair.Subject);
    }

    private async Task AssertRefusedAsync(string written, params string[] parts)
    {
        _folder.Write("wrong.txt", "battery staple");
        var result = await LoadAsync(written);
        Assert.Null(result.Configuration);
        var problem = Assert.Single(result.Problems).ToString();
        Assert.All(parts, part => Assert.Contains(part, problem, StringComparison.Ordinal));
        Assert.DoesNotContain("battery", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("horse", problem, StringComparison.Ordinal);
    }

    private Task<ConfigurationResult> LoadAsync(string written) =>
        Loader.LoadAsync(
            _folder,
            Loader.Minimal.Replace("certificates: development", $"certificates: [{{ {written} }}]", StringComparison.Ordinal),
            ("KEY_PASS", "correct horse")
        );

    private void WriteEncryptedKey()
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(_pair.KeyPem);
        _folder.Write("k.pem", key.ExportEncryptedPkcs8PrivateKeyPem("correct horse", Encryption));
    }

    private void WritePkcs12(string passphrase)
    {
        using var pair = X509Certificate2.CreateFromPem(_pair.CertificatePem, _pair.KeyPem);
        File.WriteAllBytes(_folder.File("store.p12"), pair.ExportPkcs12(Encryption, passphrase));
    }
}
