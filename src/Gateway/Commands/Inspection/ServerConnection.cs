using System.Net;
using System.Net.Sockets;
using TlsGateway.Pki;
using TlsGateway.Tls;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Gateway.Commands.Inspection;

/// <summary>One handshake with a server, in the client role of the openssl engine over a socket, and what came of it.</summary>
/// <param name="EndPoint">Who answered.</param>
/// <param name="Info">What was negotiated.</param>
/// <param name="Chain">What the server showed, DER, the leaf first.</param>
/// <param name="Staple">The OCSP response that it stapled, DER; empty for none.</param>
internal sealed record ServerConnection(EndPoint EndPoint, TlsSessionInfo Info, IReadOnlyList<byte[]> Chain, byte[] Staple)
{
    /// <summary>For the whole of it: connecting and the handshake.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Connects, shakes hands, closes. The certificate is not verified here: what is wrong with it is what one wants to see.</summary>
    /// <exception cref="PkiException">The server cannot be reached, or the handshake fails.</exception>
    public static async Task<ServerConnection> OpenAsync(ServerTarget target, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        try
        {
            using Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(target.Host, target.Port, limit.Token).ConfigureAwait(false);
            using var context = OpenSslContext.CreateClient(
                new TlsClientSettings { ServerName = target.ServerName, ApplicationProtocols = target.ApplicationProtocols }
            );
            using var session = (OpenSslSession)context.CreateSession(HeapBufferPool.Shared);
            session.RequestStaple();
            await HandshakeAsync(session, socket, target, limit.Token).ConfigureAwait(false);
            ServerConnection shown = new(socket.RemoteEndPoint!, session.DescribeSession(), session.ReadPeerChain(), session.ReadStaple());
            session.Shutdown();
            await FlushAsync(session, socket, limit.Token).ConfigureAwait(false);
            return shown;
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            throw new PkiException(
                $"{target.Host}:{target.Port} did not answer within {Patience.TotalSeconds} s. Check host, port and firewalls.",
                late
            );
        }
        catch (SocketException failed)
        {
            throw new PkiException($"Cannot reach {target.Host}:{target.Port}: {failed.Message}. Check host, port and firewalls.", failed);
        }
        catch (TlsConfigurationException failed)
        {
            throw new PkiException($"Cannot begin TLS: {failed.Message}", failed);
        }
    }

    private static async Task HandshakeAsync(OpenSslSession session, Socket socket, ServerTarget target, CancellationToken cancellation)
    {
        // The session's own limits bound what a server can send before the handshake is over.
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var status = session.Handshake();
            await FlushAsync(session, socket, cancellation).ConfigureAwait(false);
            if (status == TlsStatus.Done)
            {
                return;
            }
            if (status != TlsStatus.WantRead)
            {
                throw new PkiException(
                    $"The handshake with {target.Host}:{target.Port} failed: {session.Failure.Detail} ({session.Failure.Kind}). This client speaks TLS 1.2 and 1.3 with name {target.ServerName}."
                );
            }
            var room = Math.Min(session.RxFree.Length, buffer.Length);
            var received = await socket.ReceiveAsync(buffer.AsMemory(0, room), cancellation).ConfigureAwait(false);
            if (received == 0)
            {
                throw new PkiException(
                    $"{target.Host}:{target.Port} closed during the handshake. Is it a TLS server, and does it know the name {target.ServerName}?"
                );
            }
            buffer.AsSpan(0, received).CopyTo(session.RxFree);
            session.RxCommit(received);
        }
    }

    private static async Task FlushAsync(OpenSslSession session, Socket socket, CancellationToken cancellation)
    {
        while (!session.TxPending.IsEmpty)
        {
            var pending = session.TxPending.ToArray();
            session.TxConsume(pending.Length);
            for (var sent = 0; sent < pending.Length; )
            {
                sent += await socket.SendAsync(pending.AsMemory(sent), cancellation).ConfigureAwait(false);
            }
        }
    }
}
