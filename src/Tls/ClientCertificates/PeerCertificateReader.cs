using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TlsGateway.Tls.ClientCertificates;

/// <summary>Reads of a certificate what identifies its holder.</summary>
public static class PeerCertificateReader
{
    private const string CommonName = "2.5.4.3";
    private const string OrganizationalUnit = "2.5.4.11";

    /// <summary>RFC 5280 §4.2.1.6: GeneralName's uniformResourceIdentifier is [6].</summary>
    private const int UriTag = 6;

    /// <summary>Names of one kind that are kept; a certificate with more is no client's.</summary>
    private const int MaxNames = 64;

    /// <summary>Reads <paramref name="der"/>; its key's size comes along for the caller's policy.</summary>
    /// <param name="der">A certificate that an engine has parsed and verified.</param>
    /// <param name="issuerDer">Its issuer's; empty when not known.</param>
    /// <exception cref="CryptographicException">It is not a certificate, or a name in it is not well formed.</exception>
    public static (TlsPeerCertificate Certificate, int RsaBits, int EcBits) Read(ReadOnlySpan<byte> der, ReadOnlyMemory<byte> issuerDer)
    {
        using X509Certificate2 leaf = X509CertificateLoader.LoadCertificate(der);
        using RSA? rsa = leaf.GetRSAPublicKey();
        using ECDsa? ecdsa = leaf.GetECDsaPublicKey();
        (List<string> dnsNames, List<string> uris) = AlternativeNames(leaf);
        TlsPeerCertificate certificate = new(
            leaf.Subject,
            leaf.Issuer,
            leaf.SerialNumber,
            new DateTimeOffset(leaf.NotBefore.ToUniversalTime()),
            new DateTimeOffset(leaf.NotAfter.ToUniversalTime()),
            Attributes(leaf.SubjectName, CommonName),
            Attributes(leaf.SubjectName, OrganizationalUnit),
            dnsNames,
            uris,
            leaf.RawDataMemory.ToArray(),
            issuerDer
        );
        return (certificate, rsa?.KeySize ?? 0, ecdsa?.KeySize ?? 0);
    }

    private static List<string> Attributes(X500DistinguishedName name, string oid)
    {
        List<string> values = [];
        foreach (X500RelativeDistinguishedName part in name.EnumerateRelativeDistinguishedNames())
        {
            if (!part.HasMultipleElements && part.GetSingleElementType().Value == oid && part.GetSingleElementValue() is { } value)
            {
                Keep(values, value);
            }
        }
        return values;
    }

    private static (List<string> DnsNames, List<string> Uris) AlternativeNames(X509Certificate2 leaf)
    {
        List<string> dnsNames = [];
        List<string> uris = [];
        foreach (X509Extension extension in leaf.Extensions)
        {
            if (extension is X509SubjectAlternativeNameExtension names)
            {
                foreach (string name in names.EnumerateDnsNames())
                {
                    Keep(dnsNames, name);
                }
                ReadUris(names.RawData, uris);
            }
        }
        return (dnsNames, uris);
    }

    private static void ReadUris(byte[] extension, List<string> uris)
    {
        try
        {
            Asn1Tag uri = new(TagClass.ContextSpecific, UriTag);
            AsnReader names = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                if (names.PeekTag().HasSameClassAndValue(uri))
                {
                    Keep(uris, names.ReadCharacterString(UniversalTagNumber.IA5String, uri));
                }
                else
                {
                    _ = names.ReadEncodedValue();
                }
            }
        }
        catch (AsnContentException malformed)
        {
            throw new CryptographicException("the subjectAltName is not well formed", malformed);
        }
    }

    private static void Keep(List<string> values, string value)
    {
        if (values.Count == MaxNames)
        {
            throw new CryptographicException($"it has more than {MaxNames} names of one kind");
        }
        values.Add(value);
    }
}
