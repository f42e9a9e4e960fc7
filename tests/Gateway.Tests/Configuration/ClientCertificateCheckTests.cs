using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Gateway.Tests.Support;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Gateway.Tests.Configuration;

public sealed class ClientCertificateCheckTests : IDisposable
{
    private static readonly DateTimeOffset From = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset To = new(2090, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_policy_is_made_of_files_and_patterns()
    {
        using var authority = Authority("Clients", To);
        _folder.Write("ca.pem", authority.ExportCertificatePem());
        _folder.Write("crl.pem", RevocationList(authority, To));
        var result = await LoadAsync(
            "{ mode: optional, authorities: ca.pem, depth: 1, revocationLists: [crl.pem], stepUp: true, allow: [{ commonName: alice }, { uri: 'spiffe://td/*' }] }"
        );
        Assert.Empty(result.Problems);
        var policy = result.Configuration!.Listeners[0].Tls.ClientAuthentication!;
        Assert.Equal(ClientCertificateMode.Optional, policy.Mode);
        Assert.Equal((1, true, 1), (policy.MaximumDepth, policy.AllowStepUp, policy.RevocationListsPem.Count));
        Assert.Null(policy.Authorize!(Peer("alice", [])));
        Assert.Null(policy.Authorize(Peer("x", ["spiffe://td/a"])));
        Assert.Contains("CN=mallory is not among", policy.Authorize(Peer("mallory", [])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_list_of_clients_is_another_scope_for_sessions()
    {
        using var authority = Authority("Clients", To);
        _folder.Write("ca.pem", authority.ExportCertificatePem());
        var one = await LoadAsync("{ authorities: ca.pem, allow: [{ commonName: alice }] }");
        var two = await LoadAsync("{ authorities: ca.pem, allow: [{ commonName: bob }] }");
        Assert.NotEqual(one.Configuration!.Listeners[0].Tls.SessionScope, two.Configuration!.Listeners[0].Tls.SessionScope);
    }

    [Theory]
    [InlineData("{ mode: required }", "authorities is missing")]
    [InlineData("{ authorities: missing.pem }", "which does not exist")]
    [InlineData("{ authorities: leaf.pem }", "is not an authority")]
    [InlineData("{ authorities: ca.pem, revocationLists: [ca.pem] }", "revocationLists[0] is 'ca.pem', which holds no CRL")]
    [InlineData("{ authorities: ca.pem, revocationLists: [forged.pem] }", "has not signed")]
    [InlineData("{ authorities: ca.pem, allow: [{}] }", "allow[0] is empty")]
    [InlineData("{ authorities: ca.pem, mode: maybe }", "none, optional or required")]
    [InlineData("{ authorities: ca.pem, mode: none }", "has no effect")]
    [InlineData("{ authorities: old.pem }", "has expired")]
    [InlineData("{ authorities: ca.pem, revocationLists: [late.pem] }", "was to be replaced")]
    public async Task A_mistake_is_said_with_its_place(string section, string part)
    {
        using var authority = Authority("Clients", To);
        using var forger = Authority("Clients", To);
        using var old = Authority("Old", From.AddDays(1));
        using var leaf = Authority("Leaf", To, isAuthority: false);
        _folder.Write("ca.pem", authority.ExportCertificatePem());
        _folder.Write("old.pem", old.ExportCertificatePem());
        _folder.Write("leaf.pem", leaf.ExportCertificatePem());
        _folder.Write("forged.pem", RevocationList(forger, To));
        _folder.Write("late.pem", RevocationList(authority, From.AddDays(1)));
        var problem = Assert.Single((await LoadAsync(section)).Problems).ToString();
        Assert.Contains("g.yaml:7:", problem, StringComparison.Ordinal);
        Assert.Contains(part, problem, StringComparison.Ordinal);
    }

    private Task<Gateway.Configuration.ConfigurationResult> LoadAsync(string section) =>
        Loader.LoadAsync(
            _folder,
            Loader.Minimal.Replace(
                "      certificates: development\n",
                $"      certificates: development\n      clientCertificates: {section}\n",
                StringComparison.Ordinal
            )
        );

    private static X509Certificate2 Authority(string name, DateTimeOffset to, bool isAuthority = true)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request.CreateSelfSigned(From, to);
    }

    private static string RevocationList(X509Certificate2 issuer, DateTimeOffset nextUpdate)
    {
        var der = new CertificateRevocationListBuilder().Build(issuer, 1, nextUpdate, HashAlgorithmName.SHA256, thisUpdate: From);
        return PemEncoding.WriteString("X509 CRL", der);
    }

    private static TlsPeerCertificate Peer(string name, string[] uris) =>
        new($"CN={name}", "CN=ca", "01", default, default, [name], [], [], uris, default, default);
}
