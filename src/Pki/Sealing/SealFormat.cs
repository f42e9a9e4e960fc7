namespace TlsGateway.Pki.Sealing;

/// <summary>How a sealed file is written.</summary>
public enum SealFormat
{
    /// <summary>A MIME entity, application/pkcs7-mime in base64 (RFC 8551 §3.3): what mail carries and <c>openssl smime</c> reads.</summary>
    Smime,

    /// <summary>Base64 between BEGIN PKCS7 and END PKCS7.</summary>
    Pem,

    /// <summary>The bytes of the CMS structure, BER with indefinite lengths: the smallest.</summary>
    Der,
}
