using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Fleet.Settings;

namespace TlsGateway.Fleet.Tests.Support;

/// <summary>An authority for members and what it signs; certificates for 127.0.0.1.</summary>
internal sealed class MemberCertificates : IDisposable
{
    public const string Role = "members.test";
    private static readonly string[] Both = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];
    private readonly List<X509Certificate2> _made = [];

    public MemberCertificates()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=members authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        Authority = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(30));
    }

    public X509Certificate2 Authority { get; }

    public X509Certificate2 Issue(string? role = Role, string? host = "127.0.0.1", string[]? purposes = null, int days = 1)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=member", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(role ?? "else.test");
        if (host is not null)
        {
            names.AddIpAddress(IPAddress.Parse(host));
        }
        request.CertificateExtensions.Add(names.Build());
        OidCollection usages = [];
        foreach (var purpose in purposes ?? Both)
        {
            usages.Add(new Oid(purpose));
        }
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(usages, critical: false));
        Span<byte> serial = stackalloc byte[8];
        RandomNumberGenerator.Fill(serial);
        using var signed = request.Create(
            Authority,
            TimeProvider.System.GetUtcNow().AddDays(-1),
            TimeProvider.System.GetUtcNow().AddDays(days),
            serial
        );
        var issued = signed.CopyWithPrivateKey(key);
        _made.Add(issued);
        return issued;
    }

    public FleetTls Tls(X509Certificate2? certificate = null) => new(certificate ?? Issue(), [Authority], Role, VerifiesHost: true);

    public void Dispose()
    {
        _made.ForEach(static one => one.Dispose());
        Authority.Dispose();
    }
}
