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
            _ => throw Missing(engine),
        };

    /// <summary>Makes a client context towards one server.</summary>
    /// <exception cref="TlsConfigurationException">The settings or the engine cannot be used.</exception>
    public static ITlsContext CreateClient(TlsEngine engine, TlsClientSettings settings) =>
        engine switch
        {
            TlsEngine.OpenSsl => OpenSslContext.CreateClient(settings),
            _ => throw Missing(engine),
        };

    private static TlsConfigurationException Missing(TlsEngine engine) => new($"This build has no TLS engine called {engine}.");
}
