using System.Net;
using System.Net.Sockets;

namespace TlsGateway.Cluster.Tests.Support;

/// <summary>Sends back what it gets.</summary>
internal sealed class EchoBackend : IDisposable
{
    private readonly TcpListener _listener;

    public EchoBackend(IPAddress address)
    {
        _listener = new TcpListener(address, 0);
        _listener.Start(1024);
        EndPoint = (IPEndPoint)_listener.LocalEndpoint;
        _ = AcceptAsync();
    }

    public IPEndPoint EndPoint { get; }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = EchoAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception ended) when (ended is ObjectDisposedException or SocketException)
        {
            // It was disposed.
        }
    }

    private static async Task EchoAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using var stream = client.GetStream();
                await stream.CopyToAsync(stream);
            }
            catch (Exception gone) when (gone is IOException or SocketException)
            {
                // The gateway has gone.
            }
        }
    }
}
