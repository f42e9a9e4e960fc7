using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

/// <summary>Two blocking streams over a pair of sockets on loopback.</summary>
public sealed class BlockingTlsStreamTests
{
    private const int Bytes = 3 * 1024 * 1024;

    [Fact]
    public async Task Both_directions_at_once_carry_every_byte_while_keys_are_updated()
    {
        using Ends ends = new(TlsVersion.Tls13);
        byte[] up = Noise(1, Bytes);
        byte[] down = Noise(2, Bytes);

        Task<byte[]> atServer = Task.Run(() => ReadToEnd(ends.Server));
        Task<byte[]> atClient = Task.Run(() => ReadToEnd(ends.Client));
        Task client = Task.Run(() => WriteInPieces(ends.Client, up, renew: null));
        Task server = Task.Run(() => WriteInPieces(ends.Server, down, renew: () => Assert.True(ends.Server.KeyUpdate(askPeer: true))));
        await Task.WhenAll(client, server).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await Task.WhenAll(Task.Run(ends.Client.Shutdown), Task.Run(ends.Server.Shutdown), atServer, atClient)
            .WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        Assert.Equal(SHA256.HashData(up), SHA256.HashData(await atServer));
        Assert.Equal(SHA256.HashData(down), SHA256.HashData(await atClient));
        Assert.True(ends.Server.Session.Counters.TxKeyUpdates > 0);
    }

    [Fact]
    public async Task Both_directions_at_once_carry_every_byte_while_sessions_are_renegotiated()
    {
        using Ends ends = new(TlsVersion.Tls12);
        byte[] up = Noise(1, Bytes);
        byte[] down = Noise(2, Bytes);

        Task<byte[]> atServer = Task.Run(() => ReadToEnd(ends.Server));
        Task<byte[]> atClient = Task.Run(() => ReadToEnd(ends.Client));
        Task client = Task.Run(() => WriteInPieces(ends.Client, up, renew: null));
        Task server = Task.Run(() => WriteInPieces(ends.Server, down, renew: () => Assert.True(ends.Server.Rehandshake())));
        await Task.WhenAll(client, server).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        // A close_notify in the middle of a renegotiation would leave the client unable to answer with its own.
        await Task.WhenAll(Task.Run(ends.Client.Handshake), Task.Run(ends.Server.Handshake))
            .WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await Task.WhenAll(Task.Run(ends.Client.Shutdown), Task.Run(ends.Server.Shutdown), atServer, atClient)
            .WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        Assert.Equal(SHA256.HashData(up), SHA256.HashData(await atServer));
        Assert.Equal(SHA256.HashData(down), SHA256.HashData(await atClient));
        Assert.True(ends.Server.Session.Counters.Rehandshakes > 0);
    }

    /// <summary>
    /// A reader that answers a renegotiation meets another thread's data on its way out: if both sides' readers waited until all that is taken, nobody would read.
    /// </summary>
    [Fact]
    public async Task Readers_do_not_wait_for_each_other_on_a_transport_that_holds_nothing()
    {
        const int Pieces = 400;
        (Stream clientTransport, Stream serverTransport) = RendezvousPipe.Create();
        using OpenSslContext serverContext = SessionPair.ServerContext(TlsVersion.Tls12);
        using OpenSslContext clientContext = SessionPair.ClientContext(TlsVersion.Tls12);
        using BlockingTlsStream client = new(clientContext.CreateSession(HeapBufferPool.Shared), clientTransport);
        using BlockingTlsStream server = new(serverContext.CreateSession(HeapBufferPool.Shared), serverTransport);
        await Task.WhenAll(Task.Run(client.Handshake), Task.Run(server.Handshake))
            .WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        byte[] piece = new byte[5000];

        Task[] all =
        [
            Task.Run(() => WriteMany(client, renew: false)),
            Task.Run(() => WriteMany(server, renew: true)),
            Task.Run(() => client.ReadExactly(new byte[Pieces * piece.Length])),
            Task.Run(() => server.ReadExactly(new byte[Pieces * piece.Length])),
        ];
        await Task.WhenAll(all).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        void WriteMany(BlockingTlsStream stream, bool renew)
        {
            for (int i = 0; i < Pieces; i++)
            {
                stream.Write(piece);
                if (renew && i % 4 == 0)
                {
                    _ = stream.Rehandshake();
                }
            }
        }
    }

    [Fact]
    public async Task A_client_that_meets_the_end_in_a_renegotiation_can_end_too()
    {
        using Ends ends = new(TlsVersion.Tls12);
        Task server = Task.Run(() =>
        {
            ends.Server.Handshake();
            Assert.True(ends.Server.Rehandshake());
            ends.Server.Shutdown();
        });
        ends.Client.Handshake();
        await server.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        Assert.Equal(0, ends.Client.Read(new byte[1], 0, 1));
        Assert.True(ends.Client.Session.IsRehandshaking);
        await Task.Run(ends.Client.Shutdown).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task An_end_without_close_notify_is_a_truncation()
    {
        using Ends ends = new(TlsVersion.Tls13);
        Task server = Task.Run(() =>
        {
            ends.Server.Write("half"u8);
            // The client's last words are read, so that nothing breaks but the end.
            ends.Server.ReadExactly(new byte[4]);
            ends.CloseServerTransport();
        });
        ends.Client.Write("done"u8);
        byte[] four = new byte[4];
        ends.Client.ReadExactly(four);
        await server;

        Assert.Equal("half"u8.ToArray(), four);
        Assert.Throws<TlsTruncatedException>(() => ends.Client.Read(four, 0, 4));
    }

    [Fact]
    public async Task What_the_version_cannot_do_is_refused_and_the_stream_goes_on()
    {
        using Ends ends = new(TlsVersion.Tls13);
        Task<byte[]> atServer = Task.Run(() => ReadToEnd(ends.Server));
        ends.Client.Handshake();

        Assert.False(ends.Client.Rehandshake());
        ends.Client.Write("still here"u8);
        ends.Client.Shutdown();

        Assert.Equal("still here"u8.ToArray(), await atServer.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_client_sees_the_chain_that_the_server_sent()
    {
        using Ends ends = new(TlsVersion.Tls12);
        Task server = Task.Run(ends.Server.Handshake);
        ends.Client.Handshake();
        await server;

        byte[] leaf = Assert.Single(ends.Client.Session.ReadPeerChain());
        using var certificate = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificate(leaf);
        Assert.Equal("CN=default.test", certificate.Subject);
        Assert.Empty(ends.Server.Session.ReadPeerChain());
    }

    private static byte[] Noise(int seed, int bytes)
    {
        byte[] noise = new byte[bytes];
        new Random(seed).NextBytes(noise);
        return noise;
    }

    private static void WriteInPieces(BlockingTlsStream stream, byte[] data, Action? renew)
    {
        for (int at = 0, piece = 1; at < data.Length; at += piece, piece = Math.Min((piece * 3) + 1, data.Length - at))
        {
            stream.Write(data, at, piece);
            if (at > 0 && piece > 1000)
            {
                renew?.Invoke();
            }
        }
    }

    private static byte[] ReadToEnd(BlockingTlsStream stream)
    {
        using MemoryStream all = new();
        stream.CopyTo(all, 5000);
        return all.ToArray();
    }

    private sealed class Ends : IDisposable
    {
        private readonly NetworkStream _serverTransport;

        public Ends(TlsVersion version)
        {
            using OpenSslContext server = SessionPair.ServerContext(version);
            using OpenSslContext client = SessionPair.ClientContext(version);
            using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen();
            Socket connected = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            connected.Connect(listener.LocalEndPoint!);
            NetworkStream clientTransport = new(connected, ownsSocket: true);
            _serverTransport = new NetworkStream(listener.Accept(), ownsSocket: true);
            Server = new BlockingTlsStream(server.CreateSession(HeapBufferPool.Shared), _serverTransport);
            Client = new BlockingTlsStream(client.CreateSession(HeapBufferPool.Shared), clientTransport);
        }

        public BlockingTlsStream Client { get; }

        public BlockingTlsStream Server { get; }

        public void CloseServerTransport() => _serverTransport.Dispose();

        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }
    }
}
