using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Configuration;

/// <summary>What clients would refuse is found before they do.</summary>
public sealed class CertificateFindingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _intermediate;

    public CertificateFindingTests()
    {
        _root = Authority("root", issuer: null);
        _intermediate = Authority("intermediate", _root);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _root.Dispose();
        _intermediate.Dispose();
    }

    [Fact]
    public async Task A_whole_chain_has_no_problem() => Assert.Empty((await LoadAsync(Leaf() + Pem(_intermediate))).Problems);

    [Fact]
    public async Task A_chain_in_the_wrong_order_is_refused()
    {
        using var other = Authority("other", issuer: null);
        await AssertErrorAsync(Leaf() + Pem(other), "", "did not issue certificate 1 (CN=leaf)");
        await AssertErrorAsync(Leaf() + Pem(_root) + Pem(_intermediate), "", "certificate 2 (CN=root) did not issue certificate 1");
        // The same name, another key.
        using var twin = Authority("intermediate", _root);
        await AssertErrorAsync(Leaf() + Pem(twin), "", "(CN=intermediate) did not issue");
    }

    [Fact]
    public async Task A_root_at_the_end_is_a_warning() =>
        await AssertWarningAsync(Leaf() + Pem(_intermediate) + Pem(_root), "", "ends with the root CN=root");

    [Fact]
    public async Task A_leaf_without_names_is_a_warning() =>
        await AssertWarningAsync(Leaf(names: []) + Pem(_intermediate), "", "names no host (subjectAltName)");

    [Fact]
    public async Task A_leaf_for_clients_is_refused() =>
        await AssertErrorAsync(Leaf(purpose: "1.3.6.1.5.5.7.3.2") + Pem(_intermediate), "", "not for servers");

    [Fact]
    public async Task A_leaf_that_may_not_sign_is_refused() =>
        await AssertErrorAsync(
            Leaf(usage: X509KeyUsageFlags.KeyEncipherment) + Pem(_intermediate),
            "",
            "keyUsage without digitalSignature"
        );

    [Fact]
    public async Task Certificates_out_of_their_time_are_warned_of_or_refused()
    {
        var expired = Leaf(until: _now.AddDays(-1)) + Pem(_intermediate);
        await AssertWarningAsync(expired, "", "in which CN=leaf expired on");
        await AssertWarningAsync(expired, "expiredCertificates: warn", "expired on");
        await AssertErrorAsync(expired, "expiredCertificates: refuse", "in which CN=leaf expired on");
        using var old = Authority("old", _root, until: _now.AddDays(-2));
        await AssertErrorAsync(Leaf(issuer: old) + Pem(old), "expiredCertificates: refuse", "in which CN=old expired on");
    }

    [Fact]
    public async Task A_name_that_another_certificate_has_is_a_warning()
    {
        _folder.Write("second.pem", Leaf(names: ["WWW.test", "other.test"]) + Pem(_intermediate) + _lastKey);
        _folder.Write("rsa.pem", RsaPem(2048, "www.test"));
        var first = Leaf(names: ["www.test"]) + Pem(_intermediate);
        var result = await LoadAsync(first, "", ", { certificate: rsa.pem }, { certificate: second.pem }");
        var warning = Assert.Single(result.Problems);
        Assert.Contains("certificates[2] names WWW.test, which ", warning.Message, StringComparison.Ordinal);
        Assert.Contains("certificates[0] has with the same kind of key (ECDSA)", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_small_key_is_refused_where_the_setting_says_so()
    {
        _folder.Write("rsa.pem", RsaPem(2048, "rsa.test"));
        var result = await LoadAsync(Leaf() + Pem(_intermediate), "minimumRsaKeyBits: 3072", ", { certificate: rsa.pem }");
        var error = Assert.Single(result.Problems);
        Assert.Contains("RSA key has 2048 bits; minimumRsaKeyBits is 3072", error.Message, StringComparison.Ordinal);
        await AssertErrorAsync(Leaf() + Pem(_intermediate), "minimumEcKeyBits: 384", "ECDSA key has 256 bits; minimumEcKeyBits is 384");
    }

    [Theory]
    [InlineData("signatureAlgorithms: [rsa_pss_rsae_sha256]", "would serve nobody")]
    [InlineData("{ cipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], maximumVersion: 1.2 }", "would serve nobody")]
    // P-256 makes no P-384 signature on TLS 1.3.
    [InlineData("{ signatureAlgorithms: [ecdsa_secp384r1_sha384], minimumVersion: 1.3 }", "would serve nobody")]
    public async Task A_listener_that_could_serve_nobody_is_refused(string settings, string part) =>
        await AssertErrorAsync(
            Leaf() + Pem(_intermediate),
            settings.Trim('{', '}', ' ').Replace(", m", "\n      m", StringComparison.Ordinal),
            part
        );

    [Fact]
    public async Task A_version_that_no_certificate_serves_is_a_warning() =>
        await AssertWarningAsync(
            Leaf() + Pem(_intermediate),
            "cipherSuites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]",
            "clients of TLS 1.2 are not served"
        );

    [Fact]
    public async Task A_certificate_that_is_never_chosen_is_a_warning()
    {
        _folder.Write("rsa.pem", RsaPem(2048, "rsa.test"));
        var result = await LoadAsync(
            Leaf() + Pem(_intermediate),
            "signatureAlgorithms: [ecdsa_secp256r1_sha256]",
            ", { certificate: rsa.pem }"
        );
        var warning = Assert.Single(result.Problems);
        Assert.Equal(ProblemSeverity.Warning, warning.Severity);
        Assert.Contains("certificates[1] is never served", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kind_of_key_that_the_engine_has_not_is_refused()
    {
        var generator = new Org.BouncyCastle.Crypto.Generators.Ed25519KeyPairGenerator();
        generator.Init(new Org.BouncyCastle.Crypto.Parameters.Ed25519KeyGenerationParameters(new Org.BouncyCastle.Security.SecureRandom()));
        var keys = generator.GenerateKeyPair();
        var maker = new Org.BouncyCastle.X509.X509V3CertificateGenerator();
        maker.SetSerialNumber(Org.BouncyCastle.Math.BigInteger.One);
        maker.SetIssuerDN(new Org.BouncyCastle.Asn1.X509.X509Name("CN=ed"));
        maker.SetSubjectDN(new Org.BouncyCastle.Asn1.X509.X509Name("CN=ed"));
        maker.SetNotBefore(_now.AddDays(-1).UtcDateTime);
        maker.SetNotAfter(_now.AddDays(9).UtcDateTime);
        maker.SetPublicKey(keys.Public);
        maker.AddExtension(
            Org.BouncyCastle.Asn1.X509.X509Extensions.SubjectAlternativeName,
            critical: false,
            new Org.BouncyCastle.Asn1.X509.GeneralNames(new Org.BouncyCastle.Asn1.X509.GeneralName(2, "ed.test"))
        );
        var certificate = maker.Generate(new Org.BouncyCastle.Crypto.Operators.Asn1SignatureFactory("Ed25519", keys.Private));
        _lastKey = TlsGateway.Pki.Keys.PrivateKeyPem.Write(keys.Private);
        var pem = TlsGateway.Pki.Certificates.CertificatePem.Write(certificate);
        Assert.Empty((await LoadAsync(pem, "signatureAlgorithms: [ed25519]")).Problems);
        await AssertErrorAsync(pem, "engine: bouncycastle", "key is Ed25519: the engine bouncycastle signs with ECDSA and RSA");
    }

    private string _lastKey = "";

    private async Task AssertErrorAsync(string chain, string settings, string part)
    {
        var result = await LoadAsync(chain, settings);
        Assert.Null(result.Configuration);
        var error = Assert.Single(result.Problems, static problem => problem.Severity == ProblemSeverity.Error);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    private async Task AssertWarningAsync(string chain, string settings, string part)
    {
        var result = await LoadAsync(chain, settings);
        Assert.NotNull(result.Configuration);
        var warning = Assert.Single(result.Problems);
        Assert.Equal(ProblemSeverity.Warning, warning.Severity);
        Assert.Contains(part, warning.Message, StringComparison.Ordinal);
    }

    private Task<ConfigurationResult> LoadAsync(string chain, string settings = "", string more = "")
    {
        _folder.Write("c.pem", chain);
        _folder.Write("k.pem", _lastKey);
        return Loader.LoadAsync(
            _folder,
            Loader.Minimal.Replace(
                "certificates: development",
                $"certificates: [{{ certificate: c.pem, key: k.pem }}{more}]{(settings.Length == 0 ? "" : "\n      " + settings)}",
                StringComparison.Ordinal
            )
        );
    }

    private X509Certificate2 Authority(string name, X509Certificate2? issuer, DateTimeOffset? until = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        if (issuer is null)
        {
            return request.CreateSelfSigned(_now.AddDays(-9), _now.AddDays(90));
        }
        using var certificate = request.Create(issuer, _now.AddDays(-9), until ?? _now.AddDays(60), RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>PEM text of a leaf of the intermediate; its key is what is written beside it.</summary>
    private string Leaf(
        string purpose = "1.3.6.1.5.5.7.3.1",
        X509KeyUsageFlags usage = X509KeyUsageFlags.DigitalSignature,
        DateTimeOffset? until = null,
        X509Certificate2? issuer = null,
        IReadOnlyList<string>? names = null
    )
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=leaf", key, HashAlgorithmName.SHA256);
        AddNames(request, names ?? ["leaf.test"]);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        _lastKey = key.ExportPkcs8PrivateKeyPem() + "\n";
        issuer ??= _intermediate;
        using var issuerKey = issuer.GetECDsaPrivateKey()!;
        // The overload that takes the issuer's certificate refuses to outlive it.
        using var leaf = request.Create(
            issuer.SubjectName,
            X509SignatureGenerator.CreateForECDsa(issuerKey),
            _now.AddDays(-8),
            until ?? _now.AddDays(30),
            RandomNumberGenerator.GetBytes(8)
        );
        return Pem(leaf);
    }

    private string RsaPem(int bits, string name)
    {
        using var key = RSA.Create(bits);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        AddNames(request, [name]);
        using var certificate = request.CreateSelfSigned(_now.AddDays(-1), _now.AddDays(30));
        return Pem(certificate) + key.ExportPkcs8PrivateKeyPem();
    }

    private static void AddNames(CertificateRequest request, IReadOnlyList<string> names)
    {
        if (names.Count == 0)
        {
            return;
        }
        SubjectAlternativeNameBuilder builder = new();
        foreach (var name in names)
        {
            builder.AddDnsName(name);
        }
        request.CertificateExtensions.Add(builder.Build());
    }

    private static string Pem(X509Certificate2 certificate) => certificate.ExportCertificatePem() + "\n";
}
