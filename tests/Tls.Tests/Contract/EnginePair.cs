namespace TlsGateway.Tls.Tests.Contract;

/// <summary>A client of one engine and a server of another, without sockets. Disposing it checks that both gave every buffer back.</summary>
internal sealed class EnginePair : IDisposable
{
    /// <summary>More flights than any exchange here has.</summary>
    private const int MaxFlights = 200;

    private readonly TestPool _clientPool = new();
    private readonly TestPool _serverPool = new();

    public EnginePair(TlsEngine clientEngine, TlsClientSettings client, TlsEngine serverEngine, TlsServerSettings server)
    {
        // The sessions keep their contexts alive.
        using ITlsContext clientContext = TlsEngines.CreateClient(clientEngine, client);
        using ITlsContext serverContext = TlsEngines.CreateServer(serverEngine, server);
        Client = clientContext.CreateSession(_clientPool);
        Server = serverContext.CreateSession(_serverPool);
    }

    /// <summary>With contexts of the test's own, which several pairs share.</summary>
    public EnginePair(ITlsContext client, ITlsContext server)
    {
        Client = client.CreateSession(_clientPool);
        Server = server.CreateSession(_serverPool);
    }

    /// <summary>A pair that shares one version, handshake not begun.</summary>
    public static EnginePair Of(TlsEngine client, TlsEngine server, TlsVersion version, TlsLimits? limits = null) =>
        new(
            client,
            new TlsClientSettings { MaximumVersion = version, ApplicationProtocols = ["http/1.1"] },
            server,
            ServerSettings(version, limits)
        );

    public static TlsServerSettings ServerSettings(TlsVersion version, TlsLimits? limits = null) =>
        new()
        {
            Certificates = [TestCertificates.Default, TestCertificates.Exact, TestCertificates.RsaDefault],
            MinimumVersion = version,
            MaximumVersion = version,
            ApplicationProtocols = ["h2", "http/1.1"],
            Limits = limits ?? TlsLimits.Default,
        };

    public ITlsSession Client { get; }

    public ITlsSession Server { get; }

    public TestPool ServerPool => _serverPool;

    public EnginePair Handshake(int step = int.MaxValue)
    {
        (TlsStatus client, TlsStatus server) = Drive(step);
        Assert.True(client == TlsStatus.Done, $"client: {client} {Client.Failure}");
        Assert.True(server == TlsStatus.Done, $"server: {server} {Server.Failure}");
        return this;
    }

    /// <summary>Handshakes until both are done or one failed and the other saw it.</summary>
    /// <param name="step">Most bytes moved between two calls.</param>
    public (TlsStatus Client, TlsStatus Server) Drive(int step = int.MaxValue)
    {
        TlsStatus client = TlsStatus.WantRead;
        TlsStatus server = TlsStatus.WantRead;
        for (int i = 0; i < MaxFlights && (client != TlsStatus.Done || server != TlsStatus.Done); i++)
        {
            client = Client.Handshake();
            server = Pump(Client, Server, step, server);
            server = Server.Handshake();
            client = Pump(Server, Client, step, client);
        }
        return (client, server);
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
        _clientPool.Dispose();
        _serverPool.Dispose();
    }

    private static TlsStatus Pump(ITlsSession from, ITlsSession to, int step, TlsStatus status)
    {
        while (SessionPair.Move(from, to, step) > 0)
        {
            status = to.Handshake();
        }
        return status;
    }
}
