using Akka.IO;
using Akka.Streams.Dsl;
using TlsGateway.Tls;

namespace TlsGateway.Streams;

/// <summary>TLS as an Akka.Streams stage, in either role and on either engine: the context decides.</summary>
public static class TlsBidiFlow
{
    /// <summary>
    /// A flow of plaintext to send → ciphertext to send, and received ciphertext → received plaintext. Each materialization is one session; the handshake starts with it.
    /// <para>
    /// Back-pressure works both ways: no more plaintext is taken while ciphertext waits for demand, no more ciphertext while plaintext does. What is held is bounded by
    /// one element per direction and the session's two buffers.
    /// </para>
    /// <para>
    /// Ends: the end of the plaintext to send becomes close_notify and then the end of the ciphertext, while receiving goes on (half-close). The peer's close_notify
    /// completes the received plaintext, while sending goes on. Ciphertext that ends without it fails with <see cref="TlsTruncatedException"/>. A failed session fails both
    /// outputs with <see cref="TlsException"/>, after its alert was taken. A failure of the plaintext to send is told to the peer as a fatal alert, never as an end.
    /// <see cref="TlsFlowOptions.Closing"/> defers ends.
    /// </para>
    /// </summary>
    /// <param name="context">Makes the sessions; the caller disposes it, sessions that run then go on.</param>
    /// <param name="options">How the flow ends; null: <see cref="TlsFlowOptions.Default"/>.</param>
    /// <returns>The flow; its task gives what the first handshake negotiated, or fails as the flow does when there was none.</returns>
    public static BidiFlow<ByteString, ByteString, ByteString, ByteString, Task<TlsSessionInfo>> Create(
        ITlsContext context,
        TlsFlowOptions? options = null
    )
    {
        ArgumentNullException.ThrowIfNull(context);
        return BidiFlow.FromGraph(new TlsStage(context, options ?? TlsFlowOptions.Default, isReversed: false));
    }

    /// <summary>
    /// As <see cref="Create"/>, with the ciphertext side first, as a server joins it. To be used instead of <c>Reversed()</c>, which connects the ports of a stage by their
    /// place and so would swap plaintext and ciphertext.
    /// </summary>
    public static BidiFlow<ByteString, ByteString, ByteString, ByteString, Task<TlsSessionInfo>> CreateReversed(
        ITlsContext context,
        TlsFlowOptions? options = null
    )
    {
        ArgumentNullException.ThrowIfNull(context);
        return BidiFlow.FromGraph(new TlsStage(context, options ?? TlsFlowOptions.Default, isReversed: true));
    }
}
