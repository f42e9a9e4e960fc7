using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>.NET's SslStream as a client that verifies the gateway against the test authority.</summary>
internal sealed class SslStreamClient : IAsyncDisposable
{
    private readonly Socket _socket;

    private SslStreamClient(Socket socket)
    {
        _socket = socket;
        Stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
    }

    public SslStream Stream { get; }

    /// <summary>Common name of the certificate that the gateway showed.</summary>
    public string CertificateName => new X509Certificate2(Stream.RemoteCertificate!).GetNameInfo(X509NameType.SimpleName, forIssuer: false);

    public static SslClientAuthenticationOptions Options(TestCertificates certificates, string serverName = "localhost") =>
        new()
        {
            TargetHost = serverName,
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { certificates.Authority },
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            },
        };

    public static Task<SslStreamClient> ConnectAsync(
        RunningGateway gateway,
        TestCertificates certificates,
        SslProtocols protocols = SslProtocols.None,
        string serverName = "localhost"
    )
    {
        var options = Options(certificates, serverName);
        options.EnabledSslProtocols = protocols;
        return ConnectAsync(gateway.EndPoint, options);
    }

    public static async Task<SslStreamClient> ConnectAsync(IPEndPoint gateway, SslClientAuthenticationOptions options)
    {
        var socket = new Socket(gateway.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(gateway);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var client = new SslStreamClient(socket);
        try
        {
            await client.Stream.AuthenticateAsClientAsync(options).WaitAsync(RunningGateway.Patience);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends a text and reads it back.</summary>
    public async Task EchoAsync(string text)
    {
        var sent = Encoding.UTF8.GetBytes(text);
        await Stream.WriteAsync(sent);
        var received = new byte[sent.Length];
        await Stream.ReadExactlyAsync(received).AsTask().WaitAsync(RunningGateway.Patience);
        Assert.Equal(text, Encoding.UTF8.GetString(received));
    }

    /// <summary>Ends cleanly: close_notify, then what the gateway still sends, up to its close_notify.</summary>
    public async Task CloseAsync()
    {
        await Stream.ShutdownAsync();
        Assert.Equal(0, await Stream.ReadAsync(new byte[1]).AsTask().WaitAsync(RunningGateway.Patience));
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        _socket.Dispose();
    }
}
