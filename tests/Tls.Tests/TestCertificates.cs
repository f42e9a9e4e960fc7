using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TlsGateway.Tls.Tests;

/// <summary>Certificates made once per run. Valid over a span that no clock of a test machine leaves.</summary>
internal static class TestCertificates
{
    private static readonly DateTimeOffset From = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset To = new(2099, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static TlsCertificate Default { get; } = Ecdsa("default.pem", "default.test");
    public static TlsCertificate Exact { get; } = Ecdsa("exact.pem", "www.example.test", "Mixed.Example.Test");
    public static TlsCertificate Wildcard { get; } = Ecdsa("wildcard.pem", "*.example.test");
    public static TlsCertificate RsaDefault { get; } = Rsa("rsa.pem", 2048, "rsa.test");

    public static TlsCertificate Ecdsa(string name, params string[] hosts)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={hosts[0]}", key, HashAlgorithmName.SHA256);
        return Finish(name, request, key, hosts);
    }

    public static TlsCertificate Rsa(string name, int bits, params string[] hosts)
    {
        using RSA key = RSA.Create(bits);
        CertificateRequest request = new($"CN={hosts[0]}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return Finish(name, request, key, hosts);
    }

    private static TlsCertificate Finish(string name, CertificateRequest request, AsymmetricAlgorithm key, string[] hosts)
    {
        SubjectAlternativeNameBuilder names = new();
        foreach (string host in hosts)
        {
            names.AddDnsName(host);
        }
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.CreateSelfSigned(From, To);
        return new TlsCertificate(name, certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
