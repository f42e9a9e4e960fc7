using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TlsGateway.Gateway.Tests.Support;

/// <summary>A self-signed certificate and its key as PEM text.</summary>
internal sealed record TestCertificate(string CertificatePem, string KeyPem)
{
    public static TestCertificate MakeEcdsa(string name, DateTimeOffset? notBefore = null, DateTimeOffset? notAfter = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        return new(Sign(request, notBefore, notAfter), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>PEM text of an authority's certificate.</summary>
    public static string MakeAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return Sign(request, null, null);
    }

    /// <summary>With the key in the traditional form, as openssl ecparam writes it.</summary>
    public static TestCertificate MakeEcdsaSec1(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA384);
        return new(Sign(request, null, null), key.ExportECPrivateKeyPem());
    }

    /// <summary>With the key in the traditional form, as openssl genrsa wrote it.</summary>
    public static TestCertificate MakeRsaPkcs1(string name)
    {
        using var key = RSA.Create(2048);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return new(Sign(request, null, null), key.ExportRSAPrivateKeyPem());
    }

    public static TestCertificate MakeRsaPkcs8(string name)
    {
        using var key = RSA.Create(2048);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return new(Sign(request, null, null), key.ExportPkcs8PrivateKeyPem());
    }

    public static string EncryptedKeyPem()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportEncryptedPkcs8PrivateKeyPem(
            "secret",
            new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000)
        );
    }

    private static string Sign(CertificateRequest request, DateTimeOffset? notBefore, DateTimeOffset? notAfter)
    {
        var now = TimeProvider.System.GetUtcNow();
        if (!request.CertificateExtensions.Any(static extension => extension is X509SubjectAlternativeNameExtension))
        {
            SubjectAlternativeNameBuilder names = new();
            names.AddDnsName(request.SubjectName.Name[3..]);
            request.CertificateExtensions.Add(names.Build());
        }
        using var certificate = request.CreateSelfSigned(notBefore ?? now.AddDays(-1), notAfter ?? now.AddDays(30));
        return certificate.ExportCertificatePem();
    }
}
