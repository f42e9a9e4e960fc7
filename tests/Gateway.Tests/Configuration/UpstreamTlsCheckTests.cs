using TlsGateway.Gateway.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Tests.Configuration;

public sealed class UpstreamTlsCheckTests
{
    [Fact]
    public async Task Everything_becomes_settings()
    {
        using TemporaryFolder folder = new();
        var pair = TestCertificate.MakeEcdsa("gateway.test");
        folder.Write("ca.pem", pair.CertificatePem);
        folder.Write("gateway.pem", pair.CertificatePem);
        folder.Write("gateway-key.pem", pair.KeyPem);
        var result = await Loader.LoadAsync(
            folder,
            File(
                "authorities: ca.pem, serverName: api.test, copyServerName: true, expectedName: backend.test, policy: modern, engine: bouncycastle, "
                    + "applicationProtocols: [h2], certificate: { certificate: gateway.pem, key: gateway-key.pem }"
            )
        );
        Assert.Empty(result.Problems);
        var tls = result.Configuration!.Listeners[0].Upstream!.Tls!;
        Assert.Equal(
            (TlsEngine.BouncyCastle, "api.test", true, "backend.test", TlsVersion.Tls13, pair.CertificatePem),
            (
                tls.Engine,
                tls.ServerName,
                tls.CopiesServerName,
                tls.ExpectedName,
                tls.Client.MinimumVersion,
                tls.Client.TrustedAuthoritiesPem
            )
        );
        Assert.Equal(["h2"], tls.ApplicationProtocols);
        Assert.Equal(pair.KeyPem, tls.Client.Certificate!.KeyPem);
    }

    [Theory]
    [InlineData("authorities: missing.pem", "tls.authorities is 'missing.pem'")]
    [InlineData("authorities: other-key.pem", "tls.authorities is 'other-key.pem'")]
    [InlineData("authorities: ca.pem, certificate: { certificate: ca.pem, key: other-key.pem }", "which is not the key of the certificate")]
    [InlineData("authorities: ca.pem, minimumVersion: '1.3', maximumVersion: '1.2'", "allows no TLS version")]
    [InlineData(
        "authorities: ca.pem, copyApplicationProtocol: true, applicationProtocols: [h2]",
        "applicationProtocols beside copyApplicationProtocol"
    )]
    [InlineData("authorities: ca.pem, verify: false", "verify: false beside what is to be verified")]
    [InlineData("verify: false", "verify IS OFF")]
    public async Task A_mistake_is_said(string tls, string part)
    {
        using TemporaryFolder folder = new();
        folder.Write("ca.pem", TestCertificate.MakeEcdsa("gateway.test").CertificatePem);
        folder.Write("other-key.pem", TestCertificate.MakeEcdsa("other.test").KeyPem);
        var result = await Loader.LoadAsync(folder, File(tls));
        Assert.Contains(result.Problems, problem => problem.ToString().Contains(part, StringComparison.Ordinal));
    }

    [Fact]
    public async Task TLS_within_TLS_is_refused()
    {
        using TemporaryFolder folder = new();
        folder.Write("ca.pem", TestCertificate.MakeEcdsa("gateway.test").CertificatePem);
        var yaml = File("authorities: ca.pem")
            .Replace("    upstream: demo\n", "    routes: [{ name: all, passthrough: demo }]\n", StringComparison.Ordinal);
        var result = await Loader.LoadAsync(folder, yaml);
        Assert.Contains(
            result.Problems,
            static problem => problem.ToString().Contains("passthrough demo has tls", StringComparison.Ordinal)
        );
    }

    private static string File(string tls) =>
        Loader.Minimal.Replace(
            "demo: { address: embedded-demo }",
            $"demo: {{ address: '192.0.2.9:443', tls: {{ {tls} }} }}",
            StringComparison.Ordinal
        );
}
