using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>A TLS 1.2 session offered to BouncyCastle, under any ID: also the empty one that RFC 5077 §3.4 allows a client with a ticket to send.</summary>
internal sealed class ResumableSession(byte[] id, SessionState state, TlsCrypto crypto) : TlsSession
{
    public byte[] SessionID => id;

    public bool IsResumable => true;

    /// <summary>With a copy of the master secret, since BouncyCastle destroys what it is given.</summary>
    public SessionParameters ExportSessionParameters() =>
        new SessionParameters.Builder()
            .SetCipherSuite(state.CipherSuite)
            .SetExtendedMasterSecret(true)
            .SetMasterSecret(crypto.CreateSecret(state.Secret))
            .SetNegotiatedVersion(ProtocolVersion.TLSv12)
            .Build();

    public void Invalidate() { }
}
