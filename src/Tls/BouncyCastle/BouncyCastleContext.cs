using System.Reflection;
using Org.BouncyCastle.Tls;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.Policies;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>
/// <see cref="ITlsContext"/> of BouncyCastle's protocol code. Settings that it cannot serve are refused here rather than left out in silence: renegotiation, certificates
/// after the handshake.
/// </summary>
public sealed class BouncyCastleContext : ITlsContext
{
    /// <summary>As the other engine's: the ciphertext that a session holds in each direction at most, bytes.</summary>
    public const int ChunkBytes = OpenSsl.OpenSslContext.ChunkBytes;

    private readonly Dictionary<string, List<ServerCredential>> _byName = new(StringComparer.OrdinalIgnoreCase);

    private BouncyCastleContext(
        TlsPolicy? policy,
        TlsVersion minimum,
        TlsVersion maximum,
        IReadOnlyList<string> protocols,
        TlsLimits limits
    )
    {
        Parameters = new ParameterNumbers(policy ?? TlsPolicies.Intermediate, minimum, maximum);
        Protocols = [.. protocols.Select(ProtocolName.AsUtf8Encoding)];
        Limits = limits;
    }

    /// <summary>What this engine can do. A client takes no tickets of TLS 1.3.</summary>
    public static TlsCapabilities Capabilities =>
        TlsCapabilities.KeyUpdate
        | TlsCapabilities.Tls12Resumption
        | TlsCapabilities.Tls13Resumption
        | TlsCapabilities.Stapling
        | TlsCapabilities.Exporter
        | TlsCapabilities.KeyLog;

    /// <summary>The library's name and version.</summary>
    public static string VersionText { get; } =
        "BouncyCastle "
        + typeof(TlsServerProtocol)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0];

    internal ParameterNumbers Parameters { get; }

    internal IList<ProtocolName> Protocols { get; }

    internal TlsLimits Limits { get; }

    internal Action<string>? KeyLog { get; private init; }

    internal bool IsServer { get; private init; }

    internal bool RejectsUnknownServerNames { get; private init; }

    internal IReadOnlyList<ServerCredential> DefaultCredentials { get; private set; } = [];

    /// <summary>The settings' own server, in the client role.</summary>
    internal TlsServerTarget Target { get; private init; } = new();

    /// <summary>Sessions to resume, in the server role.</summary>
    internal ServerSessions? Sessions { get; private init; }

    /// <summary>Sessions to resume, in the client role.</summary>
    internal SessionsByServer<ClientSessions> ClientSessions { get; } = new(static () => new ClientSessions());

    /// <summary>How clients' certificates are checked; null: they are not asked for.</summary>
    internal ClientVerifier? ClientVerifier { get; private init; }

    internal ServerVerifier? ServerVerifier { get; private init; }

    internal ServerCredential? ClientCredential { get; private init; }

    /// <summary>Makes a server context.</summary>
    /// <param name="settings">What the listener serves.</param>
    /// <param name="previous">The generation before: unless the settings bring ticket keys, its own go on, so that its clients resume here.</param>
    /// <exception cref="TlsConfigurationException">The settings or the engine cannot serve.</exception>
    public static BouncyCastleContext CreateServer(TlsServerSettings settings, BouncyCastleContext? previous = null) =>
        CreateServer(settings, previous, TimeProvider.System);

    /// <summary>With a clock, for tests of what ends with time.</summary>
    internal static BouncyCastleContext CreateServer(TlsServerSettings settings, BouncyCastleContext? previous, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Refuse(settings.AllowClientRenegotiation, "renegotiation by clients");
        Refuse(settings.ClientAuthentication is { AllowStepUp: true }, "certificates from clients after the handshake");
        if (settings.Certificates.Count == 0)
        {
            throw new TlsConfigurationException("A TLS server needs a certificate: give at least one.");
        }
        BouncyCastleContext context = new(
            settings.Policy,
            settings.MinimumVersion,
            settings.MaximumVersion,
            settings.ApplicationProtocols,
            settings.Limits
        )
        {
            IsServer = true,
            KeyLog = settings.KeyLog,
            Sessions = new ServerSessions(
                settings,
                settings.TicketKeys ?? previous?.Sessions?.Keys ?? new TicketKeyRing(TicketKey.Create())
            )
            {
                Clock = clock,
            },
            RejectsUnknownServerNames = settings.RejectUnknownServerNames,
            ClientVerifier = settings.ClientAuthentication is { Mode: not ClientCertificateMode.None } clients
                ? new ClientVerifier(clients, settings.Policy ?? TlsPolicies.Intermediate)
                : null,
        };
        context.Load(settings.Certificates, settings.Policy ?? TlsPolicies.Intermediate);
        return context;
    }

    /// <summary>Makes a client context towards one server.</summary>
    /// <exception cref="TlsConfigurationException">The settings or the engine cannot be used.</exception>
    public static BouncyCastleContext CreateClient(TlsClientSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new BouncyCastleContext(
            settings.Policy,
            settings.MinimumVersion,
            settings.MaximumVersion,
            settings.ApplicationProtocols,
            settings.Limits
        )
        {
            Target = new TlsServerTarget { ServerName = settings.ServerName },
            KeyLog = settings.KeyLog,
            ServerVerifier = settings.TrustedAuthoritiesPem is { } authorities ? new ServerVerifier(authorities) : null,
            ClientCredential = settings.Certificate is { } certificate
                ? ServerCredential.Load(certificate, settings.Policy ?? TlsPolicies.Intermediate)
                : null,
        };
    }

    /// <inheritdoc/>
    public ITlsSession CreateSession(ITlsBufferPool buffers) => new BouncyCastleSession(this, buffers, Target);

    /// <inheritdoc/>
    public ITlsSession CreateSession(ITlsBufferPool buffers, TlsServerTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return IsServer
            ? throw new InvalidOperationException("A server's context has no server to go to.")
            : new BouncyCastleSession(this, buffers, target);
    }

    /// <summary>Nothing native is held: sessions keep what they need.</summary>
    public void Dispose() { }

    /// <summary>The certificates for <paramref name="name"/>: exact, else a wildcard for one leftmost label (RFC 6125 §6.4.3), else null.</summary>
    internal IReadOnlyList<ServerCredential>? Find(string name)
    {
        if (_byName.TryGetValue(name, out List<ServerCredential>? found))
        {
            return found;
        }
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 ? _byName.GetValueOrDefault("*" + name[dot..]) : null;
    }

    private void Load(IReadOnlyList<TlsCertificate> certificates, TlsPolicy policy)
    {
        List<ServerCredential> all = [.. certificates.Select(certificate => ServerCredential.Load(certificate, policy))];
        foreach (ServerCredential credential in all)
        {
            foreach (string name in credential.Names)
            {
                if (!_byName.TryGetValue(name, out List<ServerCredential>? same))
                {
                    _byName.Add(name, same = []);
                }
                // One of each kind: the first that has the name keeps it.
                if (same.TrueForAll(other => other.IsRsa != credential.IsRsa))
                {
                    same.Add(credential);
                }
            }
        }
        ServerCredential first = all[0];
        ServerCredential? second = all.Find(other =>
            other.IsRsa != first.IsRsa && other.Names.SequenceEqual(first.Names, StringComparer.OrdinalIgnoreCase)
        );
        DefaultCredentials = second is null ? [first] : [first, second];
    }

    private static void Refuse(bool isAsked, string what)
    {
        if (isAsked)
        {
            throw new TlsConfigurationException(
                $"The engine bouncycastle has no {what}. Leave the setting out, or choose the engine openssl."
            );
        }
    }
}
