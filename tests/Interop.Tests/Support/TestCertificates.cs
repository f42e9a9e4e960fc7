using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>A certificate authority and leaves for the run of the tests, in memory and, for programs, in a folder that is removed at the end.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly X509Certificate2 _authority;

    public TestCertificates(string authority = "Test authority")
    {
        Folder = Directory.CreateTempSubdirectory("gateway-tests-").FullName;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={authority}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = TimeProvider.System.GetUtcNow();
        _authority = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(365));
        AuthorityFile = Path.Combine(Folder, "ca.pem");
        File.WriteAllText(AuthorityFile, _authority.ExportCertificatePem());
        Localhost = Leaf("localhost", "localhost");
    }

    public string Folder { get; }

    /// <summary>PEM file of the authority, for --cacert, -CAfile, --x509cafile.</summary>
    public string AuthorityFile { get; }

    public X509Certificate2 Authority => _authority;

    /// <summary>For localhost, 127.0.0.1 and ::1.</summary>
    public TlsCertificate Localhost { get; }

    /// <summary>A P-256 leaf for these DNS names and the loopback addresses.</summary>
    public TlsCertificate Leaf(string commonName, params string[] dnsNames) => Leaf(commonName, days: 20, extension: null, dnsNames);

    /// <summary>As above, with all that a public authority's certificate has: months to live and a place for its CRL.</summary>
    public TlsCertificate PublicLeaf(string commonName) =>
        Leaf(
            commonName,
            days: 89,
            CertificateRevocationListBuilder.BuildCrlDistributionPointExtension(["http://127.0.0.1:1/ca.crl"]),
            commonName
        );

    /// <summary>For a client; valid for days, or <paramref name="expired"/> an hour ago.</summary>
    public TlsCertificate ClientLeaf(string commonName, bool expired = false) =>
        LeafFor(ClientPurpose, commonName, expired ? 0 : 20, extension: null);

    private const string ServerPurpose = "1.3.6.1.5.5.7.3.1";
    private const string ClientPurpose = "1.3.6.1.5.5.7.3.2";

    private TlsCertificate Leaf(string commonName, int days, X509Extension? extension, params string[] dnsNames) =>
        LeafFor(ServerPurpose, commonName, days, extension, dnsNames);

    private TlsCertificate LeafFor(string purpose, string commonName, int days, X509Extension? extension, params string[] dnsNames)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in dnsNames)
            names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        if (extension is not null)
            request.CertificateExtensions.Add(extension);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        var now = TimeProvider.System.GetUtcNow();
        var serial = RandomNumberGenerator.GetBytes(8);
        using var certificate = request.Create(_authority, now.AddHours(-12), now.AddDays(days).AddHours(-1), serial);
        return new TlsCertificate(commonName, certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
