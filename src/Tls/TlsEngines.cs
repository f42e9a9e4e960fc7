using TlsGateway.Tls.BouncyCastle;
using TlsGateway.Tls.OpenSsl;
using TlsGateway.Tls.Policies;
using TlsGateway.Tls.Sodium;

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
            TlsEngine.BouncyCastle => BouncyCastleContext.CreateServer(settings, previous as BouncyCastleContext),
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

    /// <summary>What <paramref name="engine"/> is on this host.</summary>
    /// <exception cref="TlsConfigurationException">It is not here, or cannot be used.</exception>
    public static TlsEngineDescription Describe(TlsEngine engine)
    {
        (string version, Func<string, bool> hasGroup, Func<string, bool> hasSuite) = engine switch
        {
            TlsEngine.OpenSsl => (
                OpenSslLibrary.VersionText,
                (Func<string, bool>)OpenSslLibrary.SupportsGroup,
                (Func<string, bool>)(_ => true)
            ),
            TlsEngine.BouncyCastle => (BouncyCastleContext.VersionText, ParameterNumbers.HasGroup, ParameterNumbers.HasSuite),
            _ => throw Missing(engine),
        };
        List<string> suites = [.. TlsParameterNames.CipherSuites.Where(hasSuite)];
        TlsCapabilities able = Capabilities(engine);
        return new TlsEngineDescription(
            engine.ToString().ToLowerInvariant(),
            version,
            [.. TlsParameterNames.Groups.Where(hasGroup)],
            [.. suites.Where(TlsParameterNames.IsTls13Suite)],
            [.. suites.Where(static suite => !TlsParameterNames.IsTls13Suite(suite))],
            [
                .. Enum.GetValues<TlsCapabilities>()
                    .Where(each => each != TlsCapabilities.None && able.HasFlag(each))
                    .Select(static each => $"{each}"),
            ],
            (engine == TlsEngine.OpenSsl && !GatewayProvider.IsLoaded ? null : X25519.VersionText) ?? "its own"
        );
    }

    private static TlsConfigurationException Missing(TlsEngine engine) => new($"This build has no TLS engine called {engine}.");
}
