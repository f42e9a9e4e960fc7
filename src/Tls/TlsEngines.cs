using TlsGateway.Tls.BouncyCastle;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls;

/// <summary>Makes contexts of either engine.</summary>
public static class TlsEngines
{
    /// <summary>Makes a server context.</summary>
    /// <param name="engine">Who speaks TLS.</param>
    /// <param name="settings">What the listener serves.</param>
    /// <param name="previous">The generation before, of any engine; not disposed yet. Of the same engine: its clients resume here.</param>
    /// <exception cref="TlsConfigurationException">The settings or the engine cannot serve.</exception>
    public static ITlsContext CreateServer(TlsEngine engine, TlsServerSettings settings, ITlsContext? previous = null) =>
        engine switch
        {
            TlsEngine.OpenSsl => OpenSslContext.CreateServer(settings, previous as OpenSslContext),
            TlsEngine.BouncyCastle => BouncyCastleContext.CreateServer(settings),
            _ => throw Missing(engine),
        };

    /// <summary>Makes a client context towards one server.</summary>
    /// <exception cref="TlsConfigurationException">The settings or the engine cannot be used.</exception>
    public static ITlsContext CreateClient(TlsEngine engine, TlsClientSettings settings) =>
        engine switch
        {
            TlsEngine.OpenSsl => OpenSslContext.CreateClient(settings),
            TlsEngine.BouncyCastle => BouncyCastleContext.CreateClient(settings),
            _ => throw Missing(engine),
        };

    /// <summary>What <paramref name="engine"/> can do: for checking a configuration before there is a context.</summary>
    /// <exception cref="TlsConfigurationException">There is no such engine.</exception>
    public static TlsCapabilities Capabilities(TlsEngine engine) =>
        engine switch
        {
            TlsEngine.OpenSsl => OpenSslContext.Capabilities,
            TlsEngine.BouncyCastle => BouncyCastleContext.Capabilities,
            _ => throw Missing(engine),
        };

    private static TlsConfigurationException Missing(TlsEngine engine) => new($"This build has no TLS engine called {engine}.");
}
