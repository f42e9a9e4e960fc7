using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace TlsGateway.Cluster.Tests.Support;

/// <summary>A client of the gateway, which trusts it: certificates are tested elsewhere.</summary>
internal sealed class EchoClient : IAsyncDisposable
{
    private readonly SslStream _stream;

    private EchoClient(SslStream stream) => _stream = stream;

    /// <summary>By a full handshake. Null: it was refused.</summary>
    public static async Task<EchoClient?> TryConnectAsync(IPEndPoint gateway, IPAddress? from = null)
    {
        try
        {
            return await ConnectAsync(gateway, from, resumes: false);
        }
        catch (Exception refused) when (refused is AuthenticationException or IOException or SocketException)
        {
            return null;
        }
    }

    /// <param name="gateway">Where to.</param>
    /// <param name="from">Its own address; null: any.</param>
    /// <param name="resumes">By a session that it has, if it has one.</param>
    public static async Task<EchoClient> ConnectAsync(IPEndPoint gateway, IPAddress? from = null, bool resumes = true)
    {
        Socket socket = new(gateway.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using CancellationTokenSource patience = new(TestFleet.Patience);
            if (from is not null)
            {
                socket.Bind(new IPEndPoint(from, 0));
            }
            await socket.ConnectAsync(gateway, patience.Token);
            SslStream stream = new(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false, static (_, _, _, _) => true);
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "localhost", AllowTlsResume = resumes },
                patience.Token
            );
            return new EchoClient(stream);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Says something and waits until it comes back.</summary>
    public async Task EchoAsync(string text = "hello")
    {
        using CancellationTokenSource patience = new(TestFleet.Patience);
        var said = Encoding.UTF8.GetBytes(text);
        await _stream.WriteAsync(said, patience.Token);
        var heard = new byte[said.Length];
        await _stream.ReadExactlyAsync(heard, patience.Token);
        Assert.Equal(text, Encoding.UTF8.GetString(heard));
    }

    /// <summary>Waits for the gateway's close_notify, and closes.</summary>
    public async Task EndWithGatewayAsync()
    {
        await ExpectEndAsync();
        await DisposeAsync();
    }

    /// <summary>Waits for the gateway's close_notify.</summary>
    public async Task ExpectEndAsync()
    {
        using CancellationTokenSource patience = new(TestFleet.Patience);
        Assert.Equal(0, await _stream.ReadAsync(new byte[1], patience.Token));
    }

    /// <summary>Whether it answers no more.</summary>
    public async Task<bool> HasEndedAsync()
    {
        try
        {
            using CancellationTokenSource patience = new(TestFleet.Patience);
            await _stream.WriteAsync("?"u8.ToArray(), patience.Token);
            return await _stream.ReadAsync(new byte[1], patience.Token) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public async Task CloseAsync() => await _stream.ShutdownAsync();

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
