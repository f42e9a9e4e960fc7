using System.Security.Cryptography;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

public sealed class ConfigurationTests
{
    private static readonly TlsCertificate Good = TestCertificates.Default;

    [Fact]
    public void A_certificate_that_is_not_pem_is_named()
    {
        AssertRefused(Good with { Name = "site.pem", ChainPem = "garbage" }, "'site.pem'", "not a PEM certificate");
        AssertRefused(Good with { Name = "site.pem", ChainPem = "" }, "'site.pem'", "not a PEM certificate");
    }

    [Fact]
    public void A_key_that_is_not_pem_is_named()
    {
        AssertRefused(Good with { Name = "site.pem", KeyPem = "garbage" }, "'site.pem'", "not a PEM private key");
    }

    [Fact]
    public void A_key_of_another_certificate_is_refused()
    {
        AssertRefused(Good with { KeyPem = TestCertificates.Exact.KeyPem }, "'default.pem'", "does not match");
        AssertRefused(Good with { KeyPem = TestCertificates.RsaDefault.KeyPem }, "'default.pem'", "does not match");
    }

    [Fact]
    public void An_encrypted_key_is_refused_with_the_remedy_and_without_a_prompt()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        PbeParameters encryption = new(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000);
        string pkcs8 = key.ExportEncryptedPkcs8PrivateKeyPem("secret", encryption);
        const string Traditional =
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n";

        AssertRefused(Good with { KeyPem = pkcs8 }, "encrypted", "openssl pkey");
        AssertRefused(Good with { KeyPem = Traditional }, "encrypted", "openssl pkey");
    }

    [Fact]
    public void A_weak_key_is_refused()
    {
        AssertRefused(TestCertificates.Rsa("weak.pem", 512, "weak.test"), "'weak.pem'", "too small");
    }

    [Fact]
    public void Messages_hold_no_key_material()
    {
        TlsConfigurationException e = Assert.Throws<TlsConfigurationException>(() =>
            Create(Good with { KeyPem = TestCertificates.Exact.KeyPem })
        );

        Assert.DoesNotContain(TestCertificates.Exact.KeyPem.Split('\n')[1], e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE", Good.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_that_cannot_serve_are_refused()
    {
        Assert.Throws<TlsConfigurationException>(() => OpenSslContext.CreateServer(new TlsServerSettings { Certificates = [] }));
        Assert.Throws<TlsConfigurationException>(() =>
            OpenSslContext.CreateServer(new TlsServerSettings { Certificates = [Good], Tickets = 9 })
        );
        Assert.Throws<TlsConfigurationException>(() =>
            OpenSslContext.CreateServer(
                new TlsServerSettings
                {
                    Certificates = [Good],
                    MinimumVersion = TlsVersion.Tls13,
                    MaximumVersion = TlsVersion.Tls12,
                }
            )
        );
        Assert.Throws<TlsConfigurationException>(() =>
            OpenSslContext.CreateServer(new TlsServerSettings { Certificates = [Good], ApplicationProtocols = [""] })
        );
        Assert.Throws<TlsConfigurationException>(() =>
            OpenSslContext.CreateClient(new TlsClientSettings { TrustedAuthoritiesPem = "garbage" })
        );
    }

    [Fact]
    public void A_failure_in_a_later_certificate_leaves_nothing_behind_and_names_it()
    {
        TlsServerSettings settings = new() { Certificates = [Good, TestCertificates.Exact with { KeyPem = Good.KeyPem }] };

        TlsConfigurationException e = Assert.Throws<TlsConfigurationException>(() => OpenSslContext.CreateServer(settings));

        Assert.Contains("'exact.pem'", e.Message, StringComparison.Ordinal);
    }

    private static void AssertRefused(TlsCertificate certificate, params string[] words)
    {
        TlsConfigurationException e = Assert.Throws<TlsConfigurationException>(() => Create(certificate));
        foreach (string word in words)
        {
            Assert.Contains(word, e.Message, StringComparison.Ordinal);
        }
    }

    private static void Create(TlsCertificate certificate) =>
        OpenSslContext.CreateServer(new TlsServerSettings { Certificates = [certificate] }).Dispose();
}
