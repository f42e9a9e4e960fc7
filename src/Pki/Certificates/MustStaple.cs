using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.X509;

namespace TlsGateway.Pki.Certificates;

/// <summary>The TLS feature extension (RFC 7633) with status_request: clients that know it refuse the certificate without a stapled OCSP response.</summary>
public static class MustStaple
{
    private const int StatusRequest = 5;

    internal static DerObjectIdentifier Oid { get; } = new("1.3.6.1.5.5.7.1.24");

    internal static Asn1Encodable Value { get; } = new DerSequence(DerInteger.ValueOf(StatusRequest));

    /// <summary>The certificate has it.</summary>
    public static bool IsPromisedBy(X509Certificate certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return certificate.GetExtensionValue(Oid) is { } extension
            && Asn1Object.FromByteArray(extension.GetOctets()) is Asn1Sequence features
            && features.OfType<DerInteger>().Any(static feature => feature.HasValue(StatusRequest));
    }
}
