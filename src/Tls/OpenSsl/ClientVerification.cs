using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>Puts a listener's policy for client certificates into an SSL_CTX, and sees what OpenSSL's verification makes of a chain.</summary>
internal static unsafe class ClientVerification
{
    /// <summary>Makes <paramref name="context"/> ask for certificates and check them.</summary>
    /// <exception cref="TlsConfigurationException">An authority or CRL cannot be used.</exception>
    public static void Use(SslContextHandle context, TlsClientAuthentication authentication)
    {
        nint pointer = context.Pointer;
        CertificateLoader.LoadAuthorities(context, authentication.TrustedAuthoritiesPem);
        CertificateLoader.NameAuthorities(context, authentication.TrustedAuthoritiesPem);
        // OpenSSL counts the certificates above the leaf, without the trust anchor.
        LibSsl.SSL_CTX_set_verify_depth(pointer, authentication.MaximumDepth);
        if (authentication.RevocationListsPem.Count > 0)
        {
            CertificateLoader.LoadRevocationLists(context, authentication.RevocationListsPem);
        }
        LibSsl.SSL_CTX_set_verify_callback(pointer, ModeOf(authentication.Mode), &OnVerify);
    }

    public static int ModeOf(ClientCertificateMode mode) =>
        mode switch
        {
            ClientCertificateMode.None => LibSsl.SSL_VERIFY_NONE,
            ClientCertificateMode.Optional => LibSsl.SSL_VERIFY_PEER,
            _ => LibSsl.SSL_VERIFY_PEER | LibSsl.SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
        };

    /// <summary>
    /// SSL_CTX_set_verify(3): called for each certificate of the chain, the leaf last; 0 ends the handshake with the alert of the error that is set. Where the session can send
    /// access_denied itself after the handshake, it authorises then; else here, with handshake_failure.
    /// </summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnVerify(int verified, nint store)
    {
        try
        {
            nint ssl = LibCrypto.X509_STORE_CTX_get_ex_data(store, LibSsl.SSL_get_ex_data_X509_STORE_CTX_idx());
            OpenSslSession session = SessionCallbacks.SessionOf(ssl);
            if (verified != 1)
            {
                session.NoteRefused(Der(LibCrypto.X509_STORE_CTX_get_current_cert(store)));
                return 0;
            }
            if (LibCrypto.X509_STORE_CTX_get_error_depth(store) != 0 || session.AuthorizesLater(ssl))
            {
                return 1;
            }
            if (session.Refusal(Der(LibCrypto.X509_STORE_CTX_get_current_cert(store))) is null)
            {
                return 1;
            }
            LibCrypto.X509_STORE_CTX_set_error(store, LibCrypto.X509_V_ERR_APPLICATION_VERIFICATION);
            return 0;
        }
        catch (Exception)
        {
            LibCrypto.X509_STORE_CTX_set_error(store, LibCrypto.X509_V_ERR_UNSPECIFIED);
            return 0;
        }
    }

    /// <summary>A certificate's encoding; empty for none.</summary>
    public static byte[] Der(nint certificate)
    {
        int length = certificate == 0 ? 0 : LibCrypto.i2d_X509(certificate, null);
        if (length <= 0)
        {
            return [];
        }
        byte[] der = new byte[length];
        fixed (byte* start = der)
        {
            // OpenSSL moves the pointer that it is given.
            byte* end = start;
            _ = LibCrypto.i2d_X509(certificate, &end);
        }
        return der;
    }
}
