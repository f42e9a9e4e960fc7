using System.Runtime.InteropServices;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>Functions that tell what the peer showed (openssl/ssl.h, x509.h, stack.h of 3.0).</summary>
internal static unsafe partial class LibSslPeer
{
    public const int SSL_CTRL_SET_TLSEXT_STATUS_REQ_TYPE = 65;
    public const int SSL_CTRL_GET_TLSEXT_STATUS_REQ_OCSP_RESP = 70;
    public const int TLSEXT_STATUSTYPE_ocsp = 1;

    /// <summary>A stack that the session owns; 0 when there is none. In the client role it begins with the leaf.</summary>
    [LibraryImport(LibSsl.Library)]
    public static partial nint SSL_get_peer_cert_chain(nint ssl);

    [LibraryImport(LibCrypto.Library)]
    public static partial int OPENSSL_sk_num(nint stack);

    [LibraryImport(LibCrypto.Library)]
    public static partial nint OPENSSL_sk_value(nint stack, int index);

    [LibraryImport(LibCrypto.Library)]
    public static partial int i2d_X509(nint certificate, byte** output);
}
