using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TlsGateway.Tls.Tests;

/// <summary>An authority for clients' certificates, with intermediates and CRLs on request.</summary>
internal sealed class ClientAuthority
{
    private static readonly DateTimeOffset From = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset To = new(2090, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly X509Certificate2 _issuer;
    private readonly ClientAuthority? _parent;
    private int _serial;

    public ClientAuthority(string name, ClientAuthority? parent = null)
    {
        _parent = parent;
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (parent is null)
        {
            _issuer = request.CreateSelfSigned(From, To);
            return;
        }
        using X509Certificate2 certificate = request.Create(parent._issuer, From, To, parent.NextSerial());
        _issuer = certificate.CopyWithPrivateKey(key);
    }

    public string Pem => _issuer.ExportCertificatePem();

    public TlsCertificate Client(
        string subject,
        string? dnsName = null,
        string? uri = null,
        DateTimeOffset? notAfter = null,
        bool forServers = false,
        int rsaBits = 0
    )
    {
        using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using RSA rsa = RSA.Create(Math.Max(rsaBits, 1024));
        CertificateRequest request =
            rsaBits > 0
                ? new(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                : new(subject, ecdsa, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid(forServers ? ServerAuthentication : ClientAuthentication)], false)
        );
        if (dnsName is not null || uri is not null)
        {
            SubjectAlternativeNameBuilder names = new();
            if (dnsName is not null)
            {
                names.AddDnsName(dnsName);
            }
            if (uri is not null)
            {
                names.AddUri(new Uri(uri));
            }
            request.CertificateExtensions.Add(names.Build());
        }
        X509SignatureGenerator signer = X509SignatureGenerator.CreateForECDsa(_issuer.GetECDsaPrivateKey()!);
        using X509Certificate2 certificate = request.Create(_issuer.SubjectName, signer, From, notAfter ?? To.AddDays(-1), NextSerial());
        string chain = certificate.ExportCertificatePem();
        if (_parent is not null)
        {
            chain += "\n" + Pem;
        }
        string key = rsaBits > 0 ? rsa.ExportPkcs8PrivateKeyPem() : ecdsa.ExportPkcs8PrivateKeyPem();
        return new TlsCertificate(subject, chain, key);
    }

    /// <summary>A CRL with these leaves in it.</summary>
    public string RevocationList(DateTimeOffset nextUpdate, params TlsCertificate[] revoked)
    {
        CertificateRevocationListBuilder builder = new();
        foreach (TlsCertificate certificate in revoked)
        {
            using X509Certificate2 leaf = X509Certificate2.CreateFromPem(certificate.ChainPem);
            builder.AddEntry(leaf, From);
        }
        byte[] der = builder.Build(_issuer, 1, nextUpdate, HashAlgorithmName.SHA256, thisUpdate: From);
        return PemEncoding.WriteString("X509 CRL", der);
    }

    private byte[] NextSerial() => [1, (byte)(_serial >> 8), (byte)_serial++];
}
