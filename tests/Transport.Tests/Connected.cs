using System.Net;
using System.Net.Sockets;

namespace TlsGateway.Transport.Tests;

/// <summary>A loopback connection: .NET's own socket at one end, as an independent peer, our descriptor at the other.</summary>
internal sealed class Connected : IDisposable
{
    private Connected(Socket peer, int fd)
    {
        Peer = peer;
        Fd = fd;
    }

    /// <summary>Blocking.</summary>
    public Socket Peer { get; }

    /// <summary>The accepted end; owned by whoever registers it.</summary>
    public int Fd { get; }

    public static Connected Open(Action<Socket>? configurePeer = null)
    {
        int listener = TcpSocket.Listen(InetEndPoint.From(IPAddress.Loopback, 0), 16, reusePort: false);
        try
        {
            var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
            {
                NoDelay = true,
                ReceiveTimeout = (int)TestLoop.Patience.TotalMilliseconds,
            };
            configurePeer?.Invoke(peer);
            peer.Connect(TcpSocket.LocalEndPoint(listener).ToIPEndPoint());
            Kernel.WaitUntilReadable(listener);
            AcceptResult accepted = TcpSocket.Accept(listener);
            Assert.Equal(AcceptStatus.Ok, accepted.Status);
            return new Connected(peer, accepted.Fd);
        }
        finally
        {
            TcpSocket.Close(listener);
        }
    }

    public void Dispose() => Peer.Dispose();
}
