using System.Collections.Concurrent;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.Policies;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// The settings of one listener or upstream generation, made into SSL_CTXs. Thread-safe: all loops share one. A server has an SSL_CTX for each certificate, alike in
/// everything else; the server name chooses among them.
/// </summary>
public sealed unsafe class OpenSslContext : ITlsContext
{
    /// <summary>
    /// What a session rents for each direction while it holds ciphertext: 256 KiB, so that a batch of 16 full records goes in one system call, and 8 KiB for their framing.
    /// </summary>
    public const int ChunkBytes = 264 * 1024;

    private const int MaxTickets = 8;

    /// <summary>For the client role, which seals none.</summary>
    private static readonly Lazy<TicketKeyRing> NoKeys = new(static () => new TicketKeyRing(TicketKey.Create()));

    private readonly SslContextHandle _handle;
    private readonly ProtocolList _protocols;
    private readonly TlsServerTarget _target;
    private readonly SessionsByServer<ClientSessionCache> _clientSessions = new(static () => new ClientSessionCache());
    private readonly bool _verifies;
    private readonly ConcurrentDictionary<nint, CertificateAlgorithms> _algorithms = new();
    private volatile bool _isDisposed;

    private OpenSslContext(
        SslContextHandle handle,
        ProtocolList protocols,
        TlsLimits limits,
        TlsServerSettings? server,
        TlsClientSettings? client,
        TicketKeyRing? ticketKeys = null
    )
    {
        _handle = handle;
        _protocols = protocols;
        Limits = limits;
        IsServer = server is not null;
        OwnsRecords = IsServer && GatewayProvider.IsLoaded;
        Tickets = server?.Tickets ?? 0;
        TicketKeys = ticketKeys ?? NoKeys.Value;
        Policy = server?.Policy ?? client?.Policy ?? TlsPolicies.Intermediate;
        ClientAuthentication = server?.ClientAuthentication;
        // Asking for a certificate later is OpenSSL's business, which keeps its part of the session for it.
        OwnsRecords &= !AllowsStepUp;
        KeyLog = server?.KeyLog ?? client?.KeyLog;
        _target = new TlsServerTarget { ServerName = client?.ServerName };
        _verifies = client?.TrustedAuthoritiesPem is not null;
        ClientSessions = client is null ? null : _clientSessions.For(_target);
    }

    internal bool IsServer { get; }

    /// <summary>
    /// TLS 1.3 records are <see cref="RecordLayer"/>'s after the handshake: in the server role, where the key schedule can be seen. False leaves all to libssl.
    /// </summary>
    internal bool OwnsRecords { get; set; }

    internal int Tickets { get; }

    /// <summary>What this engine can do in either role.</summary>
    public static TlsCapabilities Capabilities =>
        TlsCapabilities.Renegotiation
        | TlsCapabilities.PostHandshakeAuthentication
        | TlsCapabilities.KeyUpdate
        | TlsCapabilities.Tls12Resumption
        | TlsCapabilities.Tls13Resumption
        | TlsCapabilities.Stapling
        | TlsCapabilities.Exporter
        | TlsCapabilities.KeyLog;

    internal TlsPolicy Policy { get; }

    internal TlsClientAuthentication? ClientAuthentication { get; }

    internal bool AllowsStepUp => ClientAuthentication is { AllowStepUp: true };

    /// <summary>What tickets are sealed and opened with, in the server role.</summary>
    internal TicketKeyRing TicketKeys { get; }

    internal Action<string>? KeyLog { get; }

    internal TlsLimits Limits { get; }

    /// <summary>Sessions to resume with the settings' own server, in the client role.</summary>
    internal ClientSessionCache? ClientSessions { get; }

    /// <summary>Makes a server context.</summary>
    /// <param name="settings">What the listener serves.</param>
    /// <param name="previous">The generation before: unless the settings bring ticket keys, its own go on, so that its clients resume here.</param>
    /// <exception cref="TlsConfigurationException">The settings or the library cannot serve.</exception>
    public static OpenSslContext CreateServer(TlsServerSettings settings, OpenSslContext? previous = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        OpenSslLibrary.EnsureLoaded();
        CheckServer(settings);
        ProtocolList protocols = new(settings.ApplicationProtocols);
        SslContextHandle first = NewServerHandle(settings, settings.Certificates[0], protocols);
        try
        {
            LoadOthers(settings, protocols, first);
            TicketKeyRing keys = settings.TicketKeys ?? previous?.TicketKeys ?? new TicketKeyRing(TicketKey.Create());
            return new OpenSslContext(first, protocols, settings.Limits, settings, client: null, keys);
        }
        catch
        {
            first.Dispose();
            throw;
        }
    }

    /// <summary>Makes a client context towards one upstream. Its sessions resume one another's tickets.</summary>
    /// <exception cref="TlsConfigurationException">The settings or the library cannot be used.</exception>
    public static OpenSslContext CreateClient(TlsClientSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        OpenSslLibrary.EnsureLoaded();
        ProtocolList protocols = new(settings.ApplicationProtocols);
        SslContextHandle handle = new(LibSsl.TLS_client_method());
        try
        {
            Configure(handle, settings.Policy ?? TlsPolicies.Intermediate, settings.MinimumVersion, settings.MaximumVersion, 0);
            LogKeys(handle, settings.KeyLog);
            _ = LibSsl.SSL_CTX_ctrl(
                handle.Pointer,
                LibSsl.SSL_CTRL_SET_SESS_CACHE_MODE,
                LibSsl.SSL_SESS_CACHE_CLIENT | LibSsl.SSL_SESS_CACHE_NO_INTERNAL,
                null
            );
            LibSsl.SSL_CTX_sess_set_new_cb(handle.Pointer, &ClientSessionCache.OnNewSession);
            if (protocols.Wire.Length > 0)
            {
                fixed (byte* wire = protocols.Wire)
                {
                    // This one function returns 0 for success.
                    Require(LibSsl.SSL_CTX_set_alpn_protos(handle.Pointer, wire, (uint)protocols.Wire.Length) == 0, "the ALPN protocols");
                }
            }
            if (settings.TrustedAuthoritiesPem is not null)
            {
                CertificateLoader.LoadAuthorities(handle, settings.TrustedAuthoritiesPem);
            }
            LibSsl.SSL_CTX_set_verify(
                handle.Pointer,
                settings.TrustedAuthoritiesPem is null ? LibSsl.SSL_VERIFY_NONE : LibSsl.SSL_VERIFY_PEER,
                0
            );
            if (settings.Certificate is not null)
            {
                CertificateLoader.LoadIdentity(handle, settings.Certificate, settings.Policy ?? TlsPolicies.Intermediate);
            }
            LibSsl.SSL_CTX_set_post_handshake_auth(handle.Pointer, settings.OfferPostHandshakeAuthentication ? 1 : 0);
            return new OpenSslContext(handle, protocols, settings.Limits, server: null, settings);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ITlsSession CreateSession(ITlsBufferPool buffers) => CreateSession(buffers, ChunkBytes);

    /// <summary>A session with another bound for its ciphertext buffers: for tests of back pressure.</summary>
    internal OpenSslSession CreateSession(ITlsBufferPool buffers, int chunkBytes)
    {
        ArgumentNullException.ThrowIfNull(buffers);
        return new OpenSslSession(this, buffers, chunkBytes, _target);
    }

    /// <inheritdoc/>
    public ITlsSession CreateSession(ITlsBufferPool buffers, TlsServerTarget target)
    {
        ArgumentNullException.ThrowIfNull(buffers);
        ArgumentNullException.ThrowIfNull(target);
        return IsServer
            ? throw new InvalidOperationException("A server's context has no server to go to.")
            : new OpenSslSession(this, buffers, ChunkBytes, target);
    }

    /// <summary>Narrows the TLS 1.3 suites of sessions made from now on: for tests of each.</summary>
    internal void OfferOnly(string suites) =>
        Require(LibSsl.SSL_CTX_set_ciphersuites(_handle.Pointer, suites) == 1, "the TLS 1.3 cipher suites");

    /// <summary>Gives up this reference. Sessions that began with it go on; its stored client sessions are dropped.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        foreach (ClientSessionCache sessions in _clientSessions.All)
        {
            sessions.Close();
        }
        _handle.Dispose();
    }

    /// <summary>A new SSL in the context's role, with a reference to the context that <see cref="Release"/> gives back.</summary>
    internal nint AcquireSsl(TlsServerTarget target, ClientSessionCache? sessions)
    {
        // The handle itself would still take references while sessions hold it.
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        bool added = false;
        _handle.DangerousAddRef(ref added);
        nint ssl = LibSsl.SSL_new(_handle.Pointer);
        if (ssl == 0)
        {
            _handle.DangerousRelease();
            throw new InvalidOperationException("SSL_new failed: OpenSSL is out of memory.");
        }
        if (IsServer)
        {
            LibSsl.SSL_set_accept_state(ssl);
        }
        else
        {
            LibSsl.SSL_set_connect_state(ssl);
            NameServer(ssl, target);
            OfferProtocols(ssl, target.ApplicationProtocols);
            OfferSession(ssl, sessions);
        }
        return ssl;
    }

    /// <summary>Of a certificate of the context's own; none in the client role.</summary>
    internal CertificateAlgorithms AlgorithmsOf(nint certificate)
    {
        if (!IsServer || certificate == 0)
        {
            return CertificateAlgorithms.None;
        }
        // The certificates live as long as the context, and are few.
        return _algorithms.GetOrAdd(
            certificate,
            static one =>
            {
                using X509Certificate2 leaf = X509CertificateLoader.LoadCertificate(ClientVerification.Der(one));
                return CertificateAlgorithms.Of(leaf);
            }
        );
    }

    internal void Release() => _handle.DangerousRelease();

    internal string ProtocolName(ReadOnlySpan<byte> selected) => _protocols.NameOf(selected);

    /// <summary>Where the client's sessions with this server are kept; null: nowhere, or it is a server.</summary>
    internal ClientSessionCache? SessionsFor(TlsServerTarget target) =>
        IsServer ? null
        : ReferenceEquals(target, _target) ? ClientSessions
        : _clientSessions.For(target);

    private void NameServer(nint ssl, TlsServerTarget target)
    {
        // RFC 6066 §3: no literal addresses in server_name.
        if (target.ServerName is { } server && !IPAddress.TryParse(server, out _))
        {
            fixed (byte* name = Encoding.ASCII.GetBytes(server + '\0'))
            {
                _ = LibSsl.SSL_ctrl(ssl, LibSsl.SSL_CTRL_SET_TLSEXT_HOSTNAME, LibSsl.TLSEXT_NAMETYPE_host_name, name);
            }
        }
        if (!_verifies || target.VerifiedName is not { } expected)
        {
            return;
        }
        int isSet = IPAddress.TryParse(expected, out _)
            ? LibCrypto.X509_VERIFY_PARAM_set1_ip_asc(LibSsl.SSL_get0_param(ssl), expected)
            : LibSsl.SSL_set1_host(ssl, expected);
        Require(isSet == 1, "the server's name");
    }

    private static void OfferProtocols(nint ssl, IReadOnlyList<string>? protocols)
    {
        if (protocols is null)
        {
            return;
        }
        byte[] wire = new ProtocolList(protocols).Wire;
        fixed (byte* bytes = wire)
        {
            // This one function returns 0 for success; nothing takes back what the context offers.
            Require(LibSsl.SSL_set_alpn_protos(ssl, bytes, (uint)wire.Length) == 0, "the ALPN protocols");
        }
    }

    private static void OfferSession(nint ssl, ClientSessionCache? sessions)
    {
        nint session = sessions?.Take() ?? 0;
        if (session != 0)
        {
            _ = LibSsl.SSL_set_session(ssl, session);
            LibSsl.SSL_SESSION_free(session);
        }
    }

    private static void CheckServer(TlsServerSettings settings)
    {
        if (settings.Certificates.Count == 0)
        {
            throw new TlsConfigurationException("A TLS listener needs at least one certificate.");
        }
        if (settings.Tickets is < 0 or > MaxTickets)
        {
            throw new TlsConfigurationException($"Tickets must be 0 to {MaxTickets}, not {settings.Tickets}.");
        }
    }

    private static SslContextHandle NewServerHandle(TlsServerSettings settings, TlsCertificate certificate, ProtocolList protocols)
    {
        SslContextHandle handle = new(LibSsl.TLS_server_method());
        try
        {
            nint context = handle.Pointer;
            // A renegotiation is asked for to have a new key exchange; resuming would only derive new keys from the old secret.
            TlsPolicy policy = settings.Policy ?? TlsPolicies.Intermediate;
            ulong options = LibSsl.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION;
            if (policy.PreferServer)
            {
                options |= LibSsl.SSL_OP_CIPHER_SERVER_PREFERENCE | LibSsl.SSL_OP_PRIORITIZE_CHACHA;
            }
            Configure(
                handle,
                policy,
                settings.MinimumVersion,
                settings.MaximumVersion,
                settings.AllowClientRenegotiation ? options | LibSsl.SSL_OP_ALLOW_CLIENT_RENEGOTIATION : options
            );
            LogKeys(handle, settings.KeyLog);
            KeepSessions(context, settings);
            // TLS 1.3 tickets are sent by the session itself, with its first data, not in a flight of their own.
            Require(LibSsl.SSL_CTX_set_num_tickets(context, 0) == 1, "the number of tickets");
            if (protocols.Wire.Length > 0)
            {
                LibSsl.SSL_CTX_set_alpn_select_cb(context, &ProtocolList.OnSelect, handle.Root(protocols));
            }
            CertificateLoader.LoadIdentity(handle, certificate, policy);
            if (CertificateLoader.SignsTls13(certificate, policy))
            {
                // libssl asks each hello anew whether any key can sign for TLS 1.3, by name, unless there is somebody who might bring one: 2 us of 350.
                LibSsl.SSL_CTX_set_cert_cb(context, &SessionCallbacks.OnCertificateWanted, 0);
            }
            StapleTable.Add(handle, certificate);
            if (settings.ClientAuthentication is not null)
            {
                ClientVerification.Use(handle, settings.ClientAuthentication);
            }
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>How sessions are kept for resumption: sealed in tickets, and for TLS 1.2 clients without tickets in a bounded cache.</summary>
    private static void KeepSessions(nint context, TlsServerSettings settings)
    {
        TicketSealer.Use(context);
        int mode = settings.SessionCacheSize > 0 ? LibSsl.SSL_SESS_CACHE_SERVER : LibSsl.SSL_SESS_CACHE_OFF;
        _ = LibSsl.SSL_CTX_ctrl(context, LibSsl.SSL_CTRL_SET_SESS_CACHE_MODE, mode, null);
        _ = LibSsl.SSL_CTX_ctrl(context, LibSsl.SSL_CTRL_SET_SESS_CACHE_SIZE, settings.SessionCacheSize, null);
        _ = LibSsl.SSL_CTX_set_timeout(context, (nint)settings.SessionLifetime.TotalSeconds);
        byte[] scope = SessionScope.Of(settings);
        fixed (byte* id = scope)
        {
            Require(LibSsl.SSL_CTX_set_session_id_context(context, id, (uint)scope.Length) == 1, "the session context");
        }
    }

    private static void LogKeys(SslContextHandle handle, Action<string>? log)
    {
        if (log is not null)
        {
            LibSsl.SSL_CTX_set_keylog_callback(handle.Pointer, &SessionCallbacks.OnKeyLog);
        }
    }

    private static void Configure(SslContextHandle handle, TlsPolicy policy, TlsVersion minimum, TlsVersion maximum, ulong options)
    {
        if (minimum > maximum)
        {
            throw new TlsConfigurationException($"The minimum TLS version {minimum} is above the maximum {maximum}.");
        }
        nint context = handle.Pointer;
        _ = LibSsl.SSL_CTX_set_options(context, options | LibSsl.SSL_OP_NO_COMPRESSION);
        _ = LibSsl.SSL_CTX_ctrl(
            context,
            LibSsl.SSL_CTRL_MODE,
            LibSsl.SSL_MODE_ENABLE_PARTIAL_WRITE
                | LibSsl.SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                | LibSsl.SSL_MODE_AUTO_RETRY
                | LibSsl.SSL_MODE_RELEASE_BUFFERS
                // The file is the chain: OpenSSL would else look for the issuer of a lone leaf in every handshake.
                | LibSsl.SSL_MODE_NO_AUTO_CHAIN,
            null
        );
        Require(
            LibSsl.SSL_CTX_ctrl(context, LibSsl.SSL_CTRL_SET_MIN_PROTO_VERSION, (nint)minimum, null) == 1
                && LibSsl.SSL_CTX_ctrl(context, LibSsl.SSL_CTRL_SET_MAX_PROTO_VERSION, (nint)maximum, null) == 1,
            $"TLS versions {minimum} to {maximum}"
        );
        SetSuites(context, policy, minimum, maximum);
        Require(OpenSslLibrary.TrySetGroups(context, PolicyNames.Groups(policy)), "the key exchange groups");
        fixed (byte* algorithms = Encoding.ASCII.GetBytes(PolicyNames.SignatureAlgorithms(policy) + '\0'))
        {
            Require(LibSsl.SSL_CTX_ctrl(context, LibSsl.SSL_CTRL_SET_SIGALGS_LIST, 0, algorithms) == 1, "the signature algorithms");
        }
        LibSsl.SSL_CTX_set_info_callback(context, &SessionCallbacks.Info);
    }

    /// <summary>An empty list of one version's suites is right when that version is not spoken.</summary>
    private static void SetSuites(nint context, TlsPolicy policy, TlsVersion minimum, TlsVersion maximum)
    {
        string tls13 = PolicyNames.Tls13Suites(policy);
        string tls12 = PolicyNames.Tls12Suites(policy);
        if ((maximum == TlsVersion.Tls13 && tls13.Length == 0) || (minimum == TlsVersion.Tls12 && tls12.Length == 0))
        {
            string version = tls13.Length == 0 ? "1.3" : "1.2";
            throw new TlsConfigurationException(
                $"The policy {policy.Name} has no cipher suite of TLS {version}, which is allowed. Add one, or narrow the versions."
            );
        }
        Require(LibSsl.SSL_CTX_set_ciphersuites(context, tls13) == 1, "the TLS 1.3 cipher suites");
        Require(tls12.Length == 0 || LibSsl.SSL_CTX_set_cipher_list(context, tls12) == 1, "the TLS 1.2 cipher suites");
    }

    /// <summary>
    /// Loads the certificates after the first. One for the same names with another kind of key joins its twin, so that OpenSSL chooses by what the client can verify
    /// (an ECDSA and an RSA certificate for one site); any other gets an SSL_CTX of its own.
    /// </summary>
    private static void LoadOthers(TlsServerSettings settings, ProtocolList protocols, SslContextHandle first)
    {
        ServerNameTable names = new();
        List<ServedNames> served = [];
        foreach (TlsCertificate certificate in settings.Certificates)
        {
            (IReadOnlyList<string> hostNames, string keyAlgorithm) = CertificateLoader.Describe(certificate);
            ServedNames? twin = served.Find(s => s.IsTwinOf(hostNames, keyAlgorithm));
            if (twin is not null)
            {
                CertificateLoader.LoadIdentity(twin.Context, certificate, settings.Policy ?? TlsPolicies.Intermediate);
                StapleTable.Add(twin.Context, certificate);
                twin.KeyAlgorithms.Add(keyAlgorithm);
                continue;
            }
            SslContextHandle context = first;
            if (served.Count > 0)
            {
                context = NewServerHandle(settings, certificate, protocols);
                first.Own(context);
            }
            served.Add(new ServedNames(context, new HashSet<string>(hostNames, StringComparer.OrdinalIgnoreCase), [keyAlgorithm]));
            names.Add(hostNames, context);
        }
        if (served.Count > 1 || settings.RejectUnknownServerNames)
        {
            names.RejectsUnknown = settings.RejectUnknownServerNames;
            ChooseByServerName(first, names);
        }
    }

    private static void ChooseByServerName(SslContextHandle first, ServerNameTable names)
    {
        delegate* unmanaged[Cdecl]<nint, int*, nint, int> choose = &ServerNameTable.OnServerName;
        _ = LibSsl.SSL_CTX_callback_ctrl(first.Pointer, LibSsl.SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, choose);
        _ = LibSsl.SSL_CTX_ctrl(first.Pointer, LibSsl.SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG, 0, (void*)first.Root(names));
    }

    private static void Require(bool done, string what)
    {
        if (!done)
        {
            throw new TlsConfigurationException($"OpenSSL refused {what}: {OpenSslErrors.DrainText()}. Look at the host's openssl.cnf.");
        }
    }

    /// <summary>One SSL_CTX while the certificates are loaded: the names that it serves and with which kinds of key.</summary>
    private sealed record ServedNames(SslContextHandle Context, HashSet<string> HostNames, HashSet<string> KeyAlgorithms)
    {
        public bool IsTwinOf(IReadOnlyList<string> hostNames, string keyAlgorithm) =>
            HostNames.Count > 0 && HostNames.SetEquals(hostNames) && !KeyAlgorithms.Contains(keyAlgorithm);
    }
}
