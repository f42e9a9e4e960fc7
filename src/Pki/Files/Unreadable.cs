using Org.BouncyCastle.Cms;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Security;

namespace TlsGateway.Pki.Files;

/// <summary>What parsers throw at input that is not what it should be.</summary>
internal static class Unreadable
{
    /// <summary>The input is to blame, not this program.</summary>
    public static bool IsExpected(Exception failed) =>
        failed
            is IOException
                or InvalidDataException
                or CryptoException
                or GeneralSecurityException
                or CmsException
                or ArgumentException
                or InvalidCastException
                or FormatException
                or InvalidOperationException
                or IndexOutOfRangeException
                or NullReferenceException
                or ArithmeticException
                or NotSupportedException
                or Org.BouncyCastle.Ocsp.OcspException
                or System.Security.Cryptography.CryptographicException;
}
