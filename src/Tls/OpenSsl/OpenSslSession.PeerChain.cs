namespace TlsGateway.Tls.OpenSsl;

// What the peer showed, for tools.
public sealed unsafe partial class OpenSslSession
{
    /// <inheritdoc/>
    public IReadOnlyList<byte[]> ReadPeerChain()
    {
        _ = Io();
        // A session whose records are its own (server role) has given its SSL back.
        if (_ssl == 0)
        {
            return [];
        }
        List<byte[]> chain = [];
        if (_context.IsServer && LibSsl.SSL_get0_peer_certificate(_ssl) is nint leaf and not 0)
        {
            chain.Add(ClientVerification.Der(leaf));
        }
        // -1 for a stack that is not there. In the client role it begins with the leaf.
        nint stack = LibSsl.SSL_get_peer_cert_chain(_ssl);
        int count = LibCrypto.OPENSSL_sk_num(stack);
        for (int i = 0; i < count; i++)
        {
            chain.Add(ClientVerification.Der(LibCrypto.OPENSSL_sk_value(stack, i)));
        }
        return chain;
    }

    /// <summary>Asks the server to staple an OCSP response (RFC 6066 §8). Client role, before the first <see cref="Handshake"/>.</summary>
    public void RequestStaple()
    {
        _ = Io();
        _ = LibSsl.SSL_ctrl(_ssl, LibSsl.SSL_CTRL_SET_TLSEXT_STATUS_REQ_TYPE, LibSsl.TLSEXT_STATUSTYPE_ocsp, null);
    }

    /// <summary>The OCSP response that the server stapled, DER; empty for none. Client role, once <see cref="IsHandshakeComplete"/>.</summary>
    public byte[] ReadStaple()
    {
        _ = Io();
        // The pointer is into the session's memory and valid while it lives; -1 stands for no response.
        byte* staple = null;
        nint length = _ssl == 0 ? -1 : LibSsl.SSL_ctrl(_ssl, LibSsl.SSL_CTRL_GET_TLSEXT_STATUS_REQ_OCSP_RESP, 0, &staple);
        return staple == null || length <= 0 ? [] : new ReadOnlySpan<byte>(staple, (int)length).ToArray();
    }
}
