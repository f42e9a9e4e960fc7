namespace TlsGateway.Tls.OpenSsl;

// The peer's certificates, for tools.
public sealed unsafe partial class OpenSslSession
{
    /// <inheritdoc/>
    public IReadOnlyList<byte[]> ReadPeerChain()
    {
        _ = Io();
        if (_ssl == 0)
        {
            return [];
        }
        List<byte[]> chain = [];
        if (_context.IsServer && LibSsl.SSL_get1_peer_certificate(_ssl) is nint leaf and not 0)
        {
            chain.Add(Encode(leaf));
            LibCrypto.X509_free(leaf);
        }
        // -1 for a stack that is not there.
        nint stack = LibSsl.SSL_get_peer_cert_chain(_ssl);
        int count = LibCrypto.OPENSSL_sk_num(stack);
        for (int i = 0; i < count; i++)
        {
            chain.Add(Encode(LibCrypto.OPENSSL_sk_value(stack, i)));
        }
        return chain;
    }

    private static byte[] Encode(nint certificate)
    {
        byte[] der = new byte[Math.Max(0, LibCrypto.i2d_X509(certificate, null))];
        fixed (byte* start = der)
        {
            byte* end = start;
            _ = der.Length == 0 ? 0 : LibCrypto.i2d_X509(certificate, &end);
        }
        return der;
    }
}
