using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>The OCSP responses of one SSL_CTX, by the leaf that they are about (RFC 6066 §8).</summary>
/// <remarks>Keys are X509 pointers, which the SSL_CTX holds a reference of. Filled before the first handshake, then only read.</remarks>
internal sealed unsafe class StapleTable
{
    private readonly Dictionary<nint, ServerCertificateStaple> _byLeaf = [];

    /// <summary>Adds what is stapled to <paramref name="certificate"/>, which was loaded into <paramref name="context"/> last.</summary>
    public static void Add(SslContextHandle context, TlsCertificate certificate)
    {
        if (certificate.Staple is not { } staple)
        {
            return;
        }
        if (context.Staples is not { } table)
        {
            context.Staples = table = new StapleTable();
            delegate* unmanaged[Cdecl]<nint, nint, int> answer = &OnStatusRequest;
            _ = LibSsl.SSL_CTX_callback_ctrl(context.Pointer, LibSsl.SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, answer);
            _ = LibSsl.SSL_CTX_ctrl(context.Pointer, LibSsl.SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB_ARG, 0, (void*)context.Root(table));
        }
        table._byLeaf[LibSsl.SSL_CTX_get0_certificate(context.Pointer)] = staple;
    }

    /// <summary>SSL_CTX_set_tlsext_status_cb(3): OpenSSL calls it once the certificate is chosen, when the client asked. No response, and the handshake goes on without.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStatusRequest(nint ssl, nint arg)
    {
        try
        {
            StapleTable table = (StapleTable)GCHandle.FromIntPtr(arg).Target!;
            if (
                !table._byLeaf.TryGetValue(LibSsl.SSL_get_certificate(ssl), out ServerCertificateStaple? staple)
                || staple.Get(TimeProvider.System.GetUtcNow()) is not { } response
            )
            {
                return LibSsl.SSL_TLSEXT_ERR_NOACK;
            }
            nint copy = LibCrypto.CRYPTO_malloc((nuint)response.Length, null, 0);
            if (copy == 0)
            {
                return LibSsl.SSL_TLSEXT_ERR_NOACK;
            }
            response.CopyTo(new Span<byte>((void*)copy, response.Length));
            // The SSL takes it over and frees it.
            _ = LibSsl.SSL_ctrl(ssl, LibSsl.SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP, response.Length, (void*)copy);
            return LibSsl.SSL_TLSEXT_ERR_OK;
        }
        catch (Exception)
        {
            return LibSsl.SSL_TLSEXT_ERR_NOACK;
        }
    }
}
