using System.Net;
using System.Net.Sockets;
using System.Text;
using TlsGateway.Tls;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>
/// A TLS client made of the engine's client role and a blocking socket, so that a test decides what is sent, held back, cut or left unread. Every wait is
/// bounded by <see cref="RunningGateway.Patience"/>.
/// </summary>
internal sealed class EngineClient : IDisposable
{
    /// <summary>A test decides what is too much.</summary>
    private static readonly TlsLimits NoLimits = new() { MaxKeyUpdates = int.MaxValue / 2, MaxRecordsWithoutData = int.MaxValue / 2 };

    private readonly ITlsContext _context;
    private readonly NativePool _pool = new();

    private EngineClient(ITlsContext context, Socket socket)
    {
        _context = context;
        Session = context.CreateSession(_pool);
        Socket = socket;
    }

    public Socket Socket { get; }

    public ITlsSession Session { get; }

    /// <summary>Connects; no byte of TLS yet.</summary>
    /// <param name="gateway">Where to.</param>
    /// <param name="version">The one version that is offered.</param>
    /// <param name="receiveBufferBytes">SO_RCVBUF, which fixes the window; 0 leaves the kernel's choice.</param>
    public static EngineClient Connect(IPEndPoint gateway, TlsVersion version = TlsVersion.Tls13, int receiveBufferBytes = 0) =>
        new(Context(version), ConnectSocket(gateway, receiveBufferBytes));

    /// <summary>Connects to any server; no byte of TLS yet. The context is the client's own from here on.</summary>
    public static EngineClient Connect(EndPoint server, ITlsContext context) => new(context, ConnectSocket(server));

    /// <summary>Connects and ends the handshake.</summary>
    public static EngineClient Open(IPEndPoint gateway, TlsVersion version = TlsVersion.Tls13, int receiveBufferBytes = 0)
    {
        var client = Connect(gateway, version, receiveBufferBytes);
        client.Handshake();
        return client;
    }

    /// <summary>As <see cref="Open"/>, from an address of ours: all of 127.0.0.0/8 is.</summary>
    public static EngineClient OpenFrom(IPAddress from, IPEndPoint gateway)
    {
        var client = new EngineClient(Context(TlsVersion.Tls13), ConnectSocket(gateway, from: from));
        client.Handshake();
        return client;
    }

    /// <summary>A connected socket without TLS.</summary>
    public static Socket ConnectSocket(EndPoint gateway, int receiveBufferBytes = 0, IPAddress? from = null)
    {
        var socket =
            gateway is IPEndPoint
                ? new Socket(gateway.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
                : new Socket(gateway.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        var patience = (int)RunningGateway.Patience.TotalMilliseconds;
        socket.SendTimeout = socket.ReceiveTimeout = patience;
        if (receiveBufferBytes > 0)
            socket.ReceiveBufferSize = receiveBufferBytes;
        if (from is not null)
            socket.Bind(new IPEndPoint(from, 0));
        socket.Connect(gateway);
        return socket;
    }

    /// <summary>The first flight of a client, as bytes.</summary>
    public static byte[] ClientHello(TlsVersion version = TlsVersion.Tls13)
    {
        using var context = Context(version);
        using var pool = new NativePool();
        using var session = context.CreateSession(pool);
        Assert.Equal(TlsStatus.WantRead, session.Handshake());
        return session.TxPending.ToArray();
    }

    public void Handshake() => Assert.Equal((TlsStatus.Done, TlsFailure.None), (TryHandshake(), Session.Failure));

    /// <summary>Handshakes to the end, good or bad.</summary>
    public TlsStatus TryHandshake()
    {
        while (true)
        {
            var status = Session.Handshake();
            Flush();
            if (status is TlsStatus.Done or TlsStatus.Error)
                return status;
            // WantWrite: what was to be written first has been flushed.
            if (status == TlsStatus.WantRead)
                Assert.True(Pull(), "the server closed in the handshake");
        }
    }

    /// <summary>Encrypts and sends all; reads nothing.</summary>
    public void Send(ReadOnlySpan<byte> data)
    {
        do
        {
            var status = Session.Write(data, out var written);
            data = data[written..];
            Flush();
            Assert.True(status is TlsStatus.Done or TlsStatus.WantWrite, $"{status} {Session.Failure}");
        } while (!data.IsEmpty);
    }

    /// <summary>Receives exactly <paramref name="count"/> bytes of application data.</summary>
    public byte[] Receive(int count)
    {
        var data = new byte[count];
        for (var got = 0; got < count; )
        {
            var status = Session.Read(data.AsSpan(got), out var read);
            got += read;
            Flush();
            if (status == TlsStatus.WantRead)
                Assert.True(Pull(), $"the gateway closed after {got} of {count} bytes");
            else
                Assert.True(status is TlsStatus.Done, $"after {got} of {count} bytes: {status} {Session.Failure}");
        }

        return data;
    }

    /// <summary>Sends and receives at once, as fast as either goes, until all of <paramref name="send"/> is out and <paramref name="receive"/> is full.</summary>
    /// <param name="send">What goes out.</param>
    /// <param name="receive">What is filled.</param>
    /// <param name="messageBytes">Bytes per call of the session's Write: a call makes records of at most this size.</param>
    /// <param name="onReceived">Told how many bytes of <paramref name="receive"/> are there.</param>
    public void Exchange(ReadOnlySpan<byte> send, Span<byte> receive, int messageBytes = 256 * 1024, Action<int>? onReceived = null)
    {
        var all = receive.Length;
        Socket.Blocking = false;
        while (!send.IsEmpty || !receive.IsEmpty || !Session.TxPending.IsEmpty)
        {
            var moved = false;
            var read = TlsStatus.WantRead;
            if (!receive.IsEmpty)
            {
                read = Session.Read(receive, out var got);
                receive = receive[got..];
                moved |= got > 0;
                onReceived?.Invoke(all - receive.Length);
                Assert.True(read is not (TlsStatus.Error or TlsStatus.Closed), $"{receive.Length} bytes to come: {read} {Session.Failure}");
            }

            if (!send.IsEmpty && Session.TxPending.Length < OpenSslContext.ChunkBytes / 2)
            {
                var status = Session.Write(send[..Math.Min(send.Length, messageBytes)], out var written);
                send = send[written..];
                moved |= written > 0;
                Assert.True(status != TlsStatus.Error, $"{send.Length} bytes to send: {Session.Failure}");
            }

            moved |= TrySend() | TryPull();
            if (!moved)
                WaitForSocket(toWrite: !Session.TxPending.IsEmpty);
        }

        Socket.Blocking = true;
    }

    /// <summary>Receives exactly this text.</summary>
    public void Expect(string text) => Assert.Equal(text, Encoding.UTF8.GetString(Receive(Encoding.UTF8.GetByteCount(text))));

    public void AssertEchoes(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Send(bytes);
        Assert.Equal(text, Encoding.UTF8.GetString(Receive(bytes.Length)));
    }

    /// <summary>Sends what the session has pending.</summary>
    public void Flush()
    {
        while (!Session.TxPending.IsEmpty)
            Session.TxConsume(Socket.Send(Session.TxPending));
    }

    /// <summary>Sends the first <paramref name="bytes"/> of what the session has pending; the rest stays in it.</summary>
    public void FlushFirst(int bytes)
    {
        while (bytes > 0)
        {
            var sent = Socket.Send(Session.TxPending[..bytes]);
            Session.TxConsume(sent);
            bytes -= sent;
        }
    }

    /// <summary>
    /// Reads into <paramref name="destination"/> and sends nothing, until <paramref name="met"/>; returns the bytes read. For meeting a handshake message whose
    /// answer is held back.
    /// </summary>
    public int ReadHolding(Span<byte> destination, Func<ITlsSession, bool> met)
    {
        const int Piece = 16 * 1024;
        var got = 0;
        while (!met(Session))
        {
            // With no room left a Read has nothing to do, and what is waited for would never be met.
            Assert.True(got < destination.Length, $"all {got} bytes came before what is waited for");
            var status = Session.Read(destination.Slice(got, Math.Min(Piece, destination.Length - got)), out var read);
            got += read;
            Assert.True(status is TlsStatus.Done or TlsStatus.WantRead, $"after {got} bytes: {status} {Session.Failure}");
            if (status == TlsStatus.WantRead && !met(Session))
                Assert.True(Pull(), $"the gateway closed after {got} bytes");
        }

        return got;
    }

    /// <summary>Receives once into the session; false at the end of the stream, of which the session is told.</summary>
    public bool Pull()
    {
        var received = Socket.Receive(Session.RxFree);
        Session.RxCommit(received);
        if (received == 0)
            Session.RxEof();
        return received > 0;
    }

    /// <summary>Reads on until the session ends and says how; data on the way is dropped.</summary>
    public TlsStatus ReadToEnd()
    {
        var scratch = new byte[64 * 1024];
        while (true)
        {
            var status = Session.Read(scratch, out _);
            Flush();
            if (status is TlsStatus.Closed or TlsStatus.Error)
                return status;
            if (status == TlsStatus.WantRead)
                _ = Pull();
        }
    }

    /// <summary>Sends close_notify: this side sends no more. The TCP connection stays open both ways.</summary>
    public void Shutdown()
    {
        Assert.Equal(TlsStatus.Done, Session.Shutdown());
        Flush();
    }

    /// <summary>Does this side's part of a rehandshake that is running, to its end.</summary>
    public void FinishRehandshake()
    {
        while (Session.IsRehandshaking)
        {
            var status = Session.Handshake();
            Flush();
            Assert.True(status is TlsStatus.Done or TlsStatus.WantRead, $"{status} {Session.Failure}");
            if (status == TlsStatus.WantRead)
                Assert.True(Pull(), "the gateway closed in a rehandshake");
        }
    }

    /// <summary>close_notify both ways, then the end of the stream.</summary>
    public void CloseCleanly()
    {
        for (var status = Session.Shutdown(); status != TlsStatus.Done; status = Session.Shutdown())
        {
            // A rehandshake comes to its end first.
            Assert.Equal((TlsStatus.WantRead, TlsFailure.None), (status, Session.Failure));
            Flush();
            Assert.True(Pull(), "the gateway closed in a rehandshake");
        }

        Flush();
        Assert.Equal(TlsStatus.Closed, ReadToEnd());
        Socket.Close();
    }

    /// <summary>Ends the TCP connection with a reset.</summary>
    public void Reset() => Reset(Socket);

    public static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
    }

    public void Dispose()
    {
        Socket.Dispose();
        Session.Dispose();
        _context.Dispose();
        _pool.Dispose();
    }

    private static OpenSslContext Context(TlsVersion version) =>
        OpenSslContext.CreateClient(
            new TlsClientSettings
            {
                ServerName = "localhost",
                MinimumVersion = version,
                MaximumVersion = version,
                Limits = NoLimits,
            }
        );

    private bool TrySend()
    {
        if (Session.TxPending.IsEmpty)
            return false;
        var sent = Socket.Send(Session.TxPending, SocketFlags.None, out var error);
        Assert.True(error is SocketError.Success or SocketError.WouldBlock, $"send: {error}");
        Session.TxConsume(sent);
        return sent > 0;
    }

    private bool TryPull()
    {
        var free = Session.RxFree;
        if (free.IsEmpty)
            return false;
        var received = Socket.Receive(free, SocketFlags.None, out var error);
        Assert.True(error is SocketError.Success or SocketError.WouldBlock, $"receive: {error}");
        Session.RxCommit(received);
        if (received == 0 && error == SocketError.Success)
            Session.RxEof();
        return received > 0 || error == SocketError.Success;
    }

    private void WaitForSocket(bool toWrite)
    {
        List<Socket> read = [Socket];
        List<Socket> write = toWrite ? [Socket] : [];
        Socket.Select(read, write, null, RunningGateway.Patience);
        Assert.True(read.Count + write.Count > 0, "nothing moved");
    }
}
