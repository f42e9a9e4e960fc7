using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>A plain TCP server on loopback; each connection is handled by the function that the test gives.</summary>
internal sealed class TestUpstream : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private readonly List<Task> _connections = [];

    /// <param name="receiveBufferBytes">SO_RCVBUF, which fixes the window; 0 leaves the kernel's choice, which may be tens of MiB.</param>
    public TestUpstream(Func<Socket, Task> handle, int receiveBufferBytes = 0)
    {
        if (receiveBufferBytes > 0)
            _listener.Server.ReceiveBufferSize = receiveBufferBytes;
        _listener.Start(4096);
        _accepting = AcceptAsync(handle);
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Sends back what it receives; ends its side when the peer ends.</summary>
    public static TestUpstream Echo() =>
        new(async socket =>
        {
            var buffer = new byte[64 * 1024];
            int read;
            while ((read = await socket.ReceiveAsync(buffer)) > 0)
                await SendAllAsync(socket, buffer.AsMemory(0, read));
            socket.Shutdown(SocketShutdown.Send);
        });

    /// <summary>
    /// Sends <paramref name="send"/> and meanwhile receives into <paramref name="receive"/>, adding to <paramref name="received"/>; then waits for the peer to end.
    /// </summary>
    public static TestUpstream Duplex(byte[] send, byte[] receive, Counter received) =>
        new(async socket =>
        {
            var sending = SendAllAsync(socket, send);
            while (received.Value < receive.Length)
            {
                var read = await socket.ReceiveAsync(receive.AsMemory((int)received.Value));
                if (read == 0)
                    break;
                received.Add(read);
            }

            await sending;
            _ = await socket.ReceiveAsync(new byte[1]);
            socket.Shutdown(SocketShutdown.Send);
        });

    /// <summary>Speaks TLS (.NET's SslStream) with this certificate; what <paramref name="serve"/> leaves unread is read.</summary>
    public static TestUpstream Secure(TlsCertificate certificate, Func<SslStream, Task> serve, string[]? protocols = null) =>
        new(socket => SecureAsync(socket, serve, certificate, protocols ?? []));

    public static async Task EchoAsync(SslStream stream)
    {
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer)) > 0)
            await stream.WriteAsync(buffer.AsMemory(0, read));
        await stream.ShutdownAsync();
    }

    public static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty)
            data = data[await socket.SendAsync(data)..];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections).WaitAsync(RunningGateway.Patience);
        _stop.Dispose();
    }

    public static async Task SecureAsync(Socket socket, Func<SslStream, Task> serve, TlsCertificate certificate, string[] protocols)
    {
        using var pair = X509Certificate2.CreateFromPem(certificate.ChainPem, certificate.KeyPem);
        await using var stream = new SslStream(new NetworkStream(socket));
        try
        {
            await stream.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificate = pair,
                    ApplicationProtocols = protocols.Length == 0 ? null : [.. protocols.Select(static p => new SslApplicationProtocol(p))],
                }
            );
            await serve(stream);
            // What the peer still says is read: closing over unread bytes is a reset.
            while (await stream.ReadAsync(new byte[4096]) > 0) { }
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // A client that refused.
        }
    }

    private async Task AcceptAsync(Func<Socket, Task> handle)
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                socket.NoDelay = true;
                _connections.Add(HandleAsync(socket, handle));
            }
        }
        catch (Exception e)
            when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // stopped
        }
    }

    private static async Task HandleAsync(Socket socket, Func<Socket, Task> handle)
    {
        using (socket)
        {
            try
            {
                await handle(socket);
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // The gateway closed: the test looks at the gateway's side.
            }
        }
    }
}

/// <summary>A count that one thread adds to and others read.</summary>
internal sealed class Counter
{
    private long _value;

    public long Value => Volatile.Read(ref _value);

    public void Add(long more) => Interlocked.Add(ref _value, more);
}
