using System.Security.Cryptography;
using Org.BouncyCastle.X509;
using TlsGateway.Pki.Files;

namespace TlsGateway.Pki.Certificates;

/// <summary>Certificates as PEM text (RFC 7468); reads DER too.</summary>
public static class CertificatePem
{
    public static string Write(params IEnumerable<X509Certificate> certificates) =>
        string.Concat(certificates.Select(certificate => PemEncoding.WriteString("CERTIFICATE", certificate.GetEncoded()) + "\n"));

    /// <summary>All certificates of a file, in its order; at least one.</summary>
    /// <exception cref="PkiException">There is none, or one is broken.</exception>
    public static IReadOnlyList<X509Certificate> ReadFile(string file)
    {
        var bytes = PrivateFiles.Read(file);
        try
        {
            List<X509Certificate> certificates = [];
            using MemoryStream stream = new(bytes, writable: false);
            X509CertificateParser parser = new();
            while (parser.ReadCertificate(stream) is { } certificate)
            {
                certificates.Add(certificate);
            }
            if (certificates.Count > 0)
            {
                return certificates;
            }
        }
        catch (Exception broken) when (Unreadable.IsExpected(broken))
        {
            throw new PkiException($"{file} holds a broken certificate. Write the file again, BEGIN and END lines included.", broken);
        }
        throw new PkiException($"{file} holds no certificate, neither PEM (-----BEGIN CERTIFICATE-----) nor DER. Name another file.");
    }
}
