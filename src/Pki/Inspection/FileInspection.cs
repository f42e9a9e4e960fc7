using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Pkcs;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using TlsGateway.Pki.Files;
using TlsGateway.Pki.Keys;
using TlsGateway.Pki.Sealing;

namespace TlsGateway.Pki.Inspection;

/// <summary>Says what is in a file: PEM with any number of parts, or DER of one thing.</summary>
public static class FileInspection
{
    /// <summary>A bundle of roots has 150 parts.</summary>
    private const int MaxParts = 10_000;

    /// <summary>Describes all of it, in order.</summary>
    /// <param name="file">The path.</param>
    /// <param name="passphrase">For encrypted keys and PKCS#12; null when there is none.</param>
    /// <param name="now">What days are counted from.</param>
    /// <exception cref="PkiException">It cannot be read, or is nothing that is known here.</exception>
    public static IReadOnlyList<InspectedItem> Describe(string file, string? passphrase, DateTimeOffset now)
    {
        var bytes = PrivateFiles.Read(file);
        var text = Encoding.Latin1.GetString(bytes);
        List<InspectedItem> items = [];
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            if (items.Count >= MaxParts)
            {
                throw new PkiException($"{file} has more than {MaxParts} parts. Name another file.");
            }
            items.AddRange(DescribePem(rest, fields, passphrase, file, now));
            rest = rest[fields.Location.End..];
        }
        if (items.Count > 0)
        {
            return items;
        }
        return DescribeDer(bytes, passphrase, file, now)
            ?? DescribeMime(bytes, now)
            ?? throw new PkiException(
                $"{file} is no certificate, key, request, CRL, OCSP response, PKCS#12 or CMS, neither PEM nor DER. Name another file."
            );
    }

    private static IEnumerable<InspectedItem> DescribePem(
        ReadOnlySpan<char> text,
        PemFields fields,
        string? passphrase,
        string file,
        DateTimeOffset now
    )
    {
        var label = text[fields.Label].ToString();
        var pem = text[fields.Location].ToString();
        try
        {
            var der = Convert.FromBase64String(text[fields.Base64Data].ToString());
            return label switch
            {
                "CERTIFICATE" or "X509 CERTIFICATE" or "TRUSTED CERTIFICATE" =>
                [
                    CertificateInspection.Describe(new X509CertificateParser().ReadCertificate(der), now),
                ],
                "X509 CRL" => [RevocationInspection.DescribeCrl(new X509Crl(der), now)],
                "CERTIFICATE REQUEST" or "NEW CERTIFICATE REQUEST" =>
                [
                    ContainerInspection.DescribeRequest(new Pkcs10CertificationRequest(der)),
                ],
                "PUBLIC KEY" => [KeyInspection.DescribePublic(PublicKeyFactory.CreateKey(der))],
                "OCSP RESPONSE" => [RevocationInspection.DescribeOcsp(der, now)],
                "CMS" or "PKCS7" or "PKCS #7 SIGNED DATA" => ContainerInspection.DescribeCms(der, now),
                "PKCS12" => ContainerInspection.DescribePkcs12(der, passphrase, file, now),
                _ when label.EndsWith("PRIVATE KEY", StringComparison.Ordinal) => [DescribeKey(pem, passphrase, file)],
                _ => [new InspectedItem("unknown").Add("label", "label", label).Warn("not looked into")],
            };
        }
        catch (Exception broken) when (Unreadable.IsExpected(broken))
        {
            throw new PkiException(
                $"{file}: the part '{label}' is broken ({broken.Message}). Write the file again, BEGIN and END lines included.",
                broken
            );
        }
    }

    private static InspectedItem DescribeKey(string pem, string? passphrase, string file)
    {
        var isEncrypted = pem.Contains("ENCRYPTED", StringComparison.Ordinal);
        return isEncrypted && passphrase is null
            ? KeyInspection.DescribeEncrypted()
            : KeyInspection.DescribePrivate(PrivateKeyPem.Read(pem, passphrase, file), isEncrypted);
    }

    /// <summary>DER does not say what it is: each reader is tried, the strictest first.</summary>
    private static IReadOnlyList<InspectedItem>? DescribeDer(byte[] der, string? passphrase, string file, DateTimeOffset now)
    {
        if (der.Length == 0 || der[0] != 0x30)
        {
            return null;
        }
        Func<IEnumerable<InspectedItem>>[] readers =
        [
            // Before certificates: their reader takes the first out of a PKCS#7.
            () => ContainerInspection.DescribeCms(der, now),
            () => [CertificateInspection.Describe(new X509CertificateParser().ReadCertificate(der), now)],
            () => [RevocationInspection.DescribeCrl(new X509Crl(der), now)],
            () => [ContainerInspection.DescribeRequest(new Pkcs10CertificationRequest(der))],
            () => [RevocationInspection.DescribeOcsp(der, now)],
            () => [KeyInspection.DescribePrivate(PrivateKeyFactory.CreateKey(der), wasEncrypted: false)],
            () => [DescribeTraditionalKey(der)],
            () => [KeyInspection.DescribePublic(PublicKeyFactory.CreateKey(der))],
            () => IsPkcs12(der) ? ContainerInspection.DescribePkcs12(der, passphrase, file, now) : throw new InvalidDataException(),
        ];
        return readers.Select(Try).FirstOrDefault(items => items is { Count: > 0 });
    }

    /// <summary>PKCS#1 or SEC1, as some versions of <c>openssl pkey</c> write it.</summary>
    private static InspectedItem DescribeTraditionalKey(byte[] der)
    {
        var sequence = Org.BouncyCastle.Asn1.Asn1Sequence.GetInstance(der);
        // RSAPrivateKey is nine numbers, ECPrivateKey a number, an octet string and what follows.
        var label = sequence.Count >= 9 ? "RSA PRIVATE KEY" : "EC PRIVATE KEY";
        if (sequence.Count < 2 || sequence[0] is not Org.BouncyCastle.Asn1.DerInteger || sequence[1] is Org.BouncyCastle.Asn1.Asn1Sequence)
        {
            throw new InvalidDataException();
        }
        return KeyInspection.DescribePrivate(
            PrivateKeyPem.Read(PemEncoding.WriteString(label, der), passphrase: null, label),
            wasEncrypted: false
        );
    }

    private static IReadOnlyList<InspectedItem>? Try(Func<IEnumerable<InspectedItem>> reader)
    {
        try
        {
            return [.. reader()];
        }
        catch (Exception other) when (Unreadable.IsExpected(other))
        {
            return null;
        }
    }

    /// <summary>RFC 7292 §4: PFX ::= SEQUENCE { version INTEGER 3, authSafe ContentInfo, … }.</summary>
    private static bool IsPkcs12(byte[] der) => Pfx(der) is { } version && version == 3;

    private static int? Pfx(byte[] der)
    {
        var sequence = Org.BouncyCastle.Asn1.Asn1Sequence.GetInstance(der);
        return
            sequence.Count is 2 or 3
            && sequence[0] is Org.BouncyCastle.Asn1.DerInteger version
            && sequence[1] is Org.BouncyCastle.Asn1.Asn1Sequence
            ? version.IntValueExact
            : null;
    }

    /// <summary>An S/MIME file.</summary>
    private static List<InspectedItem>? DescribeMime(byte[] bytes, DateTimeOffset now)
    {
        try
        {
            using MemoryStream file = new(bytes, writable: false);
            using MemoryStream structure = new();
            CmsInput.Open(file).CopyTo(structure);
            return [.. ContainerInspection.DescribeCms(structure.ToArray(), now)];
        }
        catch (Exception other) when (other is PkiException || Unreadable.IsExpected(other))
        {
            return null;
        }
    }
}
