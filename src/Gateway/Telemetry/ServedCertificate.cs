using System.Security.Cryptography.X509Certificates;
using TlsGateway.Actors.Settings;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Telemetry;

/// <summary>A certificate that a listener serves.</summary>
/// <param name="Listener">Its name.</param>
/// <param name="Name">What the operator calls the certificate: a file's name, without its folder.</param>
/// <param name="Subject">Of the leaf, RFC 4514.</param>
/// <param name="Names">The host names in it.</param>
/// <param name="Serial">Hexadecimal.</param>
/// <param name="NotBefore">Of the leaf.</param>
/// <param name="NotAfter">Of the leaf.</param>
/// <param name="Staple">What is stapled to it; null: nothing.</param>
internal sealed record ServedCertificate(
    string Listener,
    string Name,
    string Subject,
    IReadOnlyList<string> Names,
    string Serial,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    ServerCertificateStaple? Staple
)
{
    /// <summary>Those of a configuration.</summary>
    public static IReadOnlyList<ServedCertificate> Of(IEnumerable<ListenerSettings> listeners) =>
        [.. listeners.SelectMany(static listener => listener.Tls.Certificates.Select(certificate => Of(listener.Name, certificate)))];

    private static ServedCertificate Of(string listener, TlsCertificate certificate)
    {
        using var leaf = X509Certificate2.CreateFromPem(certificate.ChainPem);
        var names = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        return new ServedCertificate(
            listener,
            Path.GetFileName(certificate.Name),
            leaf.Subject,
            [.. names?.EnumerateDnsNames() ?? []],
            leaf.SerialNumber,
            new DateTimeOffset(leaf.NotBefore.ToUniversalTime()),
            new DateTimeOffset(leaf.NotAfter.ToUniversalTime()),
            certificate.Staple
        );
    }
}
