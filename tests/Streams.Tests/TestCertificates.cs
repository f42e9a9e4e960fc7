using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Tls;

namespace TlsGateway.Streams.Tests;

/// <summary>One certificate for localhost, its own authority.</summary>
internal static class TestCertificates
{
    public static TlsCertificate Localhost { get; } = Make();

    private static TlsCertificate Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        return new TlsCertificate("localhost", certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
