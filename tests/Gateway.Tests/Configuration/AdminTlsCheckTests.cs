using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Configuration;

public sealed class AdminTlsCheckTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public AdminTlsCheckTests()
    {
        var pair = TestCertificate.MakeEcdsa("admin.example");
        var other = TestCertificate.MakeEcdsa("other.example");
        _folder.Write("c.pem", pair.CertificatePem);
        _folder.Write("k.pem", pair.KeyPem);
        _folder.Write("other.pem", other.KeyPem);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("certificate: { certificate: c.pem, key: other.pem }", "admin.tls.certificate.key is 'other.pem', which is not the key of")]
    [InlineData("certificate: { certificate: c.pem, key: missing.pem }", "admin.tls.certificate.key is 'missing.pem', ")]
    [InlineData("certificate: { certificate: k.pem, key: k.pem }", "admin.tls.certificate.certificate is 'k.pem', ")]
    [InlineData("certificate: { }", "admin.tls.certificate names no certificate")]
    [InlineData("clients: { authorities: c.pem }", "certificate")]
    [InlineData(
        "certificate: { certificate: c.pem, key: k.pem }, clients: { authorities: c.pem }",
        "CN=admin.example in it is not an authority"
    )]
    [InlineData("certificate: { certificate: c.pem, key: k.pem }, clients: { readers: [ { commonName: x } ] }", "authorities")]
    [InlineData(
        "certificate: { certificate: c.pem, key: k.pem }, clients: { authorities: c.pem, admins: [ { } ] }",
        "admin.tls.clients.admins[0] is empty: everybody would fit it"
    )]
    public async Task What_is_wrong_is_said(string tls, string expected)
    {
        var result = await Loader.LoadAsync(_folder, Loader.Minimal + $"admin: {{ tls: {{ {tls} }} }}\n");
        Assert.Null(result.Configuration);
        Assert.Contains(result.Problems, problem => problem.ToString().Contains(expected, StringComparison.Ordinal));
    }

    /// <summary>TLS alone lets nobody in that should not be.</summary>
    [Fact]
    public async Task On_another_address_a_certificate_of_the_endpoint_is_not_enough()
    {
        var result = await Loader.LoadAsync(
            _folder,
            Loader.Minimal + "admin: { bind: 0.0.0.0:9901, tls: { certificate: { certificate: c.pem, key: k.pem } } }\n"
        );
        Assert.Contains("whoever reaches it would be admin", Assert.Single(result.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_files_are_watched()
    {
        var result = await Loader.LoadAsync(
            _folder,
            Loader.Minimal + "admin: { tls: { certificate: { certificate: c.pem, key: k.pem } } }\n"
        );
        Assert.DoesNotContain(result.Problems, static problem => problem.Severity == ProblemSeverity.Error);
        Assert.Contains(result.Configuration!.WatchedFiles.Keys, path => path.EndsWith("k.pem", StringComparison.Ordinal));
    }
}
