using Org.BouncyCastle.Math;
using TlsGateway.Pki.Files;

namespace TlsGateway.Pki.Revocation;

/// <summary>CRL numbers only grow (RFC 5280 §5.2.3).</summary>
internal static class CrlNumber
{
    /// <summary>The one after that in the file.</summary>
    public static BigInteger Next(string file)
    {
        var text = PrivateFiles.ReadText(file).Trim();
        if (text.Length is 0 or > 40 || !text.All(char.IsAsciiDigit))
        {
            throw new PkiException(
                $"{file} holds no number. Put the number of the last CRL into it: openssl crl -in crl.pem -noout -crlnumber (in hex there)."
            );
        }
        return new BigInteger(text).Add(BigInteger.One);
    }
}
