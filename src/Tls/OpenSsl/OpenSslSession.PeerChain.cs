namespace TlsGateway.Tls.OpenSsl;

// What a client may ask of a server and see of it, for tools that inspect servers.
public sealed unsafe partial class OpenSslSession
{
    /// <summary>Asks the server to staple an OCSP response (RFC 6066 §8). Client role, before the first <see cref="Handshake"/>.</summary>
    public void RequestStaple()
    {
        _ = Io();
        _ = LibSsl.SSL_ctrl(_ssl, LibSslPeer.SSL_CTRL_SET_TLSEXT_STATUS_REQ_TYPE, LibSslPeer.TLSEXT_STATUSTYPE_ocsp, null);
    }

    /// <summary>What the server showed, verified or not. Client role, once <see cref="IsHandshakeComplete"/>; allocates.</summary>
    public TlsPeerChain ReadPeerChain()
    {
        _ = Io();
        List<ReadOnlyMemory<byte>> certificates = [];
        // A session whose records are its own (server role) has given its SSL back.
        nint chain = _ssl == 0 ? 0 : LibSslPeer.SSL_get_peer_cert_chain(_ssl);
        int count = chain == 0 ? 0 : LibSslPeer.OPENSSL_sk_num(chain);
        for (int index = 0; index < count; index++)
        {
            certificates.Add(Encode(LibSslPeer.OPENSSL_sk_value(chain, index)));
        }
        return new TlsPeerChain(certificates, _ssl == 0 ? default : ReadStaple());
    }

    private ReadOnlyMemory<byte> ReadStaple()
    {
        // The pointer is into the session's memory and valid while it lives; -1 stands for no response.
        byte* staple = null;
        nint length = LibSsl.SSL_ctrl(_ssl, LibSslPeer.SSL_CTRL_GET_TLSEXT_STATUS_REQ_OCSP_RESP, 0, &staple);
        return staple == null || length <= 0 ? default : new ReadOnlySpan<byte>(staple, (int)length).ToArray();
    }

    private static byte[] Encode(nint certificate)
    {
        int length = LibSslPeer.i2d_X509(certificate, null);
        if (length <= 0)
        {
            return [];
        }
        byte[] der = new byte[length];
        fixed (byte* start = der)
        {
            // i2d moves the pointer that it is given; what it writes is length bytes from start.
            byte* output = start;
            _ = LibSslPeer.i2d_X509(certificate, &output);
        }
        return der;
    }
}
