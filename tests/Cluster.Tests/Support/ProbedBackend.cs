using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace TlsGateway.Cluster.Tests.Support;

/// <summary>A backend in the tests' process: counts who connects, and when, and closes.</summary>
internal sealed class ProbedBackend : IAsyncDisposable
{
    private readonly ConcurrentQueue<IPAddress> _visits = new();
    private TcpListener? _listener;
    private Task _accepting = Task.CompletedTask;

    public ProbedBackend()
    {
        Listen(0);
        Port = ((IPEndPoint)_listener!.LocalEndpoint).Port;
    }

    public int Port { get; }

    /// <summary>Connections so far, by whom.</summary>
    public IReadOnlyList<IPAddress> Visits => [.. _visits];

    /// <summary>Who came since there were <paramref name="before"/> visits.</summary>
    public IReadOnlyList<IPAddress> Since(int before) => [.. _visits.Skip(before)];

    public async Task StopAsync()
    {
        _listener?.Dispose();
        _listener = null;
        await _accepting;
    }

    public void Restart() => Listen(Port);

    public ValueTask DisposeAsync() => new(StopAsync());

    private void Listen(int port)
    {
        _listener = new TcpListener(IPAddress.Any, port);
        _listener.Start();
        _accepting = AcceptAsync(_listener);
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptSocketAsync();
                _visits.Enqueue(((IPEndPoint)client.RemoteEndPoint!).Address);
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // It was stopped.
        }
    }
}
