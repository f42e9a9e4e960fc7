using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>What a session needs of BouncyCastle's protocol beyond its public face, in either role.</summary>
internal interface IEngineProtocol
{
    TlsProtocol Protocol { get; }

    /// <summary>Begins the handshake: a client queues its hello.</summary>
    void Start();

    /// <summary>Queues a KeyUpdate (RFC 8446 §4.6.3) and renews the sending key.</summary>
    void SendKeyUpdate(bool askPeer);

    /// <summary>Queues close_notify and leaves reading open, which <see cref="TlsProtocol.Close"/> does not.</summary>
    void SendCloseNotify();

    /// <summary>Queues a fatal alert.</summary>
    void SendFatalAlert(short description, string detail);
}
