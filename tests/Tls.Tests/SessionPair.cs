using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

/// <summary>
/// A client and a server session back to back, without sockets. Disposing it checks that both gave every buffer back. The contexts belong to the test, so that two
/// pairs can share them.
/// </summary>
internal sealed class SessionPair : IDisposable
{
    /// <summary>Far more flights than any exchange here has: reaching it means that both sides wait for each other.</summary>
    private const int MaxFlights = 200;

    private readonly TestPool _clientPool = new();
    private readonly TestPool _serverPool = new();

    public SessionPair(OpenSslContext client, OpenSslContext server, int chunkBytes = OpenSslContext.ChunkBytes)
    {
        Client = client.CreateSession(_clientPool, chunkBytes);
        Server = server.CreateSession(_serverPool, chunkBytes);
    }

    /// <summary>A pair with contexts of its own, handshake done.</summary>
    public static SessionPair Open(
        TlsVersion version,
        TlsLimits? limits = null,
        int chunkBytes = OpenSslContext.ChunkBytes,
        bool allowClientRenegotiation = false,
        bool ownsRecords = true
    )
    {
        // The sessions keep their contexts alive.
        using OpenSslContext server = ServerContext(version, limits, allowClientRenegotiation, ownsRecords);
        using OpenSslContext client = ClientContext(version);
        SessionPair pair = new(client, server, chunkBytes);
        return pair.Handshake();
    }

    public OpenSslSession Client { get; }

    public OpenSslSession Server { get; }

    public TestPool ClientPool => _clientPool;

    public TestPool ServerPool => _serverPool;

    /// <param name="ownsRecords">False leaves the records of TLS 1.3 to libssl, as on a host where our key schedule cannot be loaded.</param>
    public static OpenSslContext ServerContext(
        TlsVersion version,
        TlsLimits? limits = null,
        bool allowClientRenegotiation = false,
        bool ownsRecords = true
    )
    {
        OpenSslContext context = OpenSslContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [TestCertificates.Default],
                MinimumVersion = version,
                MaximumVersion = version,
                AllowClientRenegotiation = allowClientRenegotiation,
                Limits = limits ?? TlsLimits.Default,
            }
        );
        context.OwnsRecords &= ownsRecords;
        return context;
    }

    public static OpenSslContext ClientContext(
        TlsVersion version = TlsVersion.Tls13,
        string? serverName = null,
        params string[] protocols
    ) =>
        OpenSslContext.CreateClient(
            new TlsClientSettings
            {
                MaximumVersion = version,
                ServerName = serverName,
                ApplicationProtocols = protocols,
            }
        );

    /// <summary>Moves ciphertext from one session to the other, at most <paramref name="most"/> bytes; returns how many.</summary>
    public static int Move(ITlsSession from, ITlsSession to, int most = int.MaxValue)
    {
        int moved = 0;
        while (moved < most && from.TxPending.Length > 0)
        {
            Span<byte> free = to.RxFree;
            int count = Math.Min(Math.Min(free.Length, from.TxPending.Length), most - moved);
            from.TxPending[..count].CopyTo(free);
            to.RxCommit(count);
            from.TxConsume(count);
            moved += count;
            if (count == 0)
            {
                break;
            }
        }
        return moved;
    }

    /// <summary>Runs the first handshake to its end on both sides.</summary>
    public SessionPair Handshake()
    {
        for (int i = 0; i < MaxFlights; i++)
        {
            TlsStatus client = Client.Handshake();
            Move(Client, Server);
            TlsStatus server = Server.Handshake();
            Move(Server, Client);
            if (client == TlsStatus.Done && server == TlsStatus.Done)
            {
                return this;
            }
            Assert.False(client == TlsStatus.Error, $"client: {Client.Failure}");
            Assert.False(server == TlsStatus.Error, $"server: {Server.Failure}");
        }
        throw new InvalidOperationException("the handshake did not end");
    }

    /// <summary>Handshakes until either side fails; the failures are on the sessions.</summary>
    public (TlsStatus Client, TlsStatus Server) HandshakeToFailure()
    {
        TlsStatus client = TlsStatus.WantRead;
        TlsStatus server = TlsStatus.WantRead;
        for (int i = 0; i < 10; i++)
        {
            client = Client.Handshake();
            Move(Client, Server);
            server = Server.Handshake();
            Move(Server, Client);
        }
        return (client, server);
    }

    /// <summary>Sends <paramref name="data"/> and returns what the other side read of it, with the status of its last read.</summary>
    public static byte[] Send(ITlsSession from, ITlsSession to, ReadOnlySpan<byte> data, out TlsStatus lastRead)
    {
        List<byte> received = [];
        byte[] buffer = new byte[64 * 1024];
        lastRead = TlsStatus.WantRead;
        for (int i = 0; i < 10_000 && (!data.IsEmpty || from.TxPending.Length > 0); i++)
        {
            TlsStatus write = from.Write(data, out int written);
            Assert.False(write == TlsStatus.Error, $"write: {from.Failure}");
            data = data[written..];
            Move(from, to);
            do
            {
                lastRead = to.Read(buffer, out int read);
                received.AddRange(buffer.AsSpan(0, read));
            } while (lastRead == TlsStatus.Done);
            if (lastRead is TlsStatus.Error or TlsStatus.Closed)
            {
                break;
            }
            // Whatever the reader had to answer, such as its part of a renegotiation.
            Move(to, from);
        }
        return [.. received];
    }

    public static byte[] Send(ITlsSession from, ITlsSession to, ReadOnlySpan<byte> data) => Send(from, to, data, out _);

    /// <summary>Small data both ways: proof that both directions work.</summary>
    public void AssertEchoes(string text = "ping")
    {
        byte[] data = System.Text.Encoding.ASCII.GetBytes(text);
        Assert.Equal(data, Send(Client, Server, data));
        Assert.Equal(data, Send(Server, Client, data));
    }

    /// <summary>Reads until there is no more to read now.</summary>
    public static byte[] ReadAll(ITlsSession session, out TlsStatus status)
    {
        List<byte> received = [];
        byte[] buffer = new byte[32 * 1024];
        do
        {
            status = session.Read(buffer, out int read);
            received.AddRange(buffer.AsSpan(0, read));
        } while (status == TlsStatus.Done);
        return [.. received];
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
        _clientPool.Dispose();
        _serverPool.Dispose();
    }
}
