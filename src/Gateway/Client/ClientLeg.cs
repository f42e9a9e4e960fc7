using TlsGateway.Actors;

namespace TlsGateway.Gateway.Client;

/// <summary>What a <see cref="ClientConnection"/> talks to: standard input and output, and whoever reports. On the loop's thread.</summary>
internal abstract class ClientLeg
{
    /// <summary>Plaintext that standard output may owe: as much as one leg of the gateway.</summary>
    public const int CreditBytes = 256 * 1024;

    /// <summary>The oldest piece of standard input that is not encrypted yet.</summary>
    public abstract ReadOnlyMemory<byte> Pending { get; }

    /// <summary>So much of <see cref="Pending"/> was encrypted.</summary>
    public abstract void Consume(int bytes);

    /// <summary>Decrypted bytes for standard output.</summary>
    public abstract void Output(byte[] data);

    /// <summary>The first handshake ended well.</summary>
    public abstract void HandshakeCompleted();

    /// <summary>Data may flow; what is pending is announced from now on.</summary>
    public abstract void Opened();

    /// <summary>close_notify came, or the session is over: standard output gets no more.</summary>
    public abstract void ServerEnded();

    /// <summary>The connection waits for an event.</summary>
    public abstract void Settled();

    /// <summary>The connection is over; the session is to be disposed.</summary>
    public abstract void Closed(CloseReason reason);
}
