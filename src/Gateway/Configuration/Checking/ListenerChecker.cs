using System.Net;
using System.Text;
using TlsGateway.Actors.Routing;
using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.ClientCertificates;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Configuration.Reading;
using TlsGateway.Gateway.Configuration.Values;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Checks listeners: each alone, and against the others.</summary>
internal sealed class ListenerChecker(ConfigurationProblems problems, ConfigurationWorld world, InputFiles files, string stateFolder)
{
    private readonly CertificateChecker _certificates = new(problems, world, files, stateFolder);
    private readonly PolicyChecker _policies = new(problems);
    private readonly EngineChecker _engines = new(problems);
    private readonly RouteChecker _routes = new(problems);
    private readonly NetworkReader _networks = new(problems);
    private readonly AccessChecker _access = new(problems, files);
    private readonly ClientCertificateChecker _clients = new(problems, world, files);
    private readonly Dictionary<string, SourcePosition> _names = new(StringComparer.Ordinal);
    private readonly List<(IPEndPoint Bind, string Owner)> _binds = [];

    /// <summary>The listeners that could be made; complete only if there is no error.</summary>
    public IReadOnlyList<ListenerSettings> Check(
        GatewayOptions options,
        IReadOnlyDictionary<string, UpstreamSettings?> upstreams,
        AdminSettings? admin
    )
    {
        if (admin is not null)
        {
            _binds.Add((admin.Bind, "admin.bind"));
        }
        List<ListenerSettings> listeners = [];
        for (var index = 0; index < options.Listeners.Count; index++)
        {
            // Without an upstreams section that could be read, every reference would be one more error about the same thing.
            if (
                CheckOne($"listeners[{index}]", options.Listeners[index], options.Has(nameof(options.Upstreams)) ? upstreams : null) is
                { } listener
            )
            {
                listeners.Add(listener);
            }
        }
        return listeners;
    }

    private ListenerSettings? CheckOne(string path, ListenerOptions options, IReadOnlyDictionary<string, UpstreamSettings?>? upstreams)
    {
        CheckName(path, options);
        var bind = CheckBind(path, options);
        var upstream = _routes.FindUpstream($"{path}.upstream", options, nameof(options.Upstream), options.Upstream, upstreams);
        var routes = _routes.Check(path, options, upstreams);
        var access = _access.Check($"{path}.access", options.Access);
        var proxies = CheckProxies($"{path}.proxyProtocol.from", options.ProxyProtocol);
        var clients = _clients.Check($"{path}.tls.clientCertificates", options.Tls?.ClientCertificates);
        var tls = options.Tls is null ? null : CheckTls($"{path}.tls", options.Tls, options.Limits, clients);
        if (options.Name is null || bind is null || routes is null || tls is null || (options.Upstream is not null && upstream is null))
        {
            return null;
        }
        return new ListenerSettings
        {
            Name = options.Name,
            Bind = bind,
            Engine = EngineOf(options.Tls!),
            Upstream = upstream,
            Routes = routes,
            ProxyProtocolFrom = proxies,
            Access = access,
            ClientCertificateStatus = clients?.Status,
            // A session of one listener opens no other.
            Tls = tls with
            {
                SessionScope = $"listener {options.Name}|{tls.SessionScope}",
            },
            RehandshakeAfterBytes = options.Tls!.Rehandshake.AfterBytes ?? 0,
            RehandshakeAfter = options.Tls.Rehandshake.After ?? TimeSpan.Zero,
            HandshakeTimeout = options.Timeouts.Handshake,
            IdleTimeout = options.Timeouts.Idle,
            ShutdownTimeout = options.Timeouts.Shutdown,
            HalfClosedTimeout = options.Timeouts.HalfClosed,
            MaximumLifetime = options.Timeouts.Lifetime,
            MinimumRate = options.Limits.MinimumRate,
            MaximumLoopDelay = options.Limits.LoopDelay,
            Limits = LimitReader.Read(options.Limits, connections: 0),
            ClientLimits = LimitReader.Read(options.Limits.PerClient),
            MaxConnections = options.Limits.Connections,
            CreditBytes = options.Limits.Credit,
        };
    }

    private PrefixTable? CheckProxies(string path, ProxyProtocolOptions? options)
    {
        if (options is null)
        {
            return null;
        }
        if (options.Has(nameof(options.From)) && options.From.Count == 0)
        {
            problems.Error(options.Start, $"{path} is empty. Name the proxies in front, such as 10.0.0.0/8, or remove proxyProtocol.");
        }
        return PrefixTable.Of(_networks.Read(path, options, nameof(options.From), options.From, out _));
    }

    private void CheckName(string path, ListenerOptions options)
    {
        var position = options.At(nameof(options.Name));
        if (options.Name is not null && !_names.TryAdd(options.Name, position))
        {
            problems.Error(
                position,
                $"{path}.name {options.Name} is already the name of the listener on line {_names[options.Name].Line}. Give each its own."
            );
        }
    }

    private IPEndPoint? CheckBind(string path, ListenerOptions options)
    {
        if (options.Bind is null)
        {
            return null;
        }
        var position = options.At(nameof(options.Bind));
        if (!AddressText.TryParseBind(options.Bind, out var bind, out var problem))
        {
            problems.Error(position, $"{path}.bind is '{options.Shown(nameof(options.Bind))}', {problem}");
            return null;
        }
        var taken = _binds.Find(other => AddressText.Conflict(other.Bind, bind));
        if (taken.Owner is not null)
        {
            problems.Error(position, $"{path}.bind {bind} conflicts with {taken.Owner} ({taken.Bind}). Use another port or address.");
        }
        _binds.Add((bind, $"{path}.bind"));
        return bind;
    }

    private TlsServerSettings? CheckTls(string path, TlsOptions options, LimitOptions limits, ClientCertificatePolicy? clients)
    {
        var policy = _policies.Check(path, options);
        if (options.AllowClientRenegotiation && policy.MinimumVersion == TlsVersion.Tls13)
        {
            problems.Warning(
                options.At(nameof(options.AllowClientRenegotiation)),
                $"{path}.allowClientRenegotiation has no effect: TLS 1.3 has no renegotiation."
            );
        }
        var engine = _engines.Check(path, options, policy);
        CheckApplicationProtocols(path, options);
        var certificates = _certificates.Check($"{path}.certificates", options, policy, engine);
        if (certificates is null)
        {
            return null;
        }
        return new TlsServerSettings
        {
            Certificates = certificates,
            Policy = policy,
            MinimumVersion = policy.MinimumVersion,
            MaximumVersion = policy.MaximumVersion,
            RejectUnknownServerNames = options.UnknownServerNames == "reject",
            SessionLifetime = options.SessionLifetime,
            SessionCacheSize = options.SessionCache,
            ClientAuthentication = clients?.Authentication,
            SessionScope = clients?.Scope ?? "",
            ApplicationProtocols = options.ApplicationProtocols,
            Tickets = options.Tickets,
            AllowClientRenegotiation = options.AllowClientRenegotiation,
            Limits = new TlsLimits
            {
                MaxHandshakeBytes = limits.HandshakeBytes,
                MaxKeyUpdates = limits.KeyUpdates,
                MaxRecordsWithoutData = limits.RecordsWithoutData,
                MaxWarnings = limits.Warnings,
                MaxRehandshakes = limits.Rehandshakes,
                MaxClientRehandshakes = limits.ClientRehandshakes,
                MaxRecordsPerKey = limits.RecordsPerKey,
            },
        };
    }

    private static TlsEngine EngineOf(TlsOptions options) => options.Engine == "bouncycastle" ? TlsEngine.BouncyCastle : TlsEngine.OpenSsl;

    private void CheckApplicationProtocols(string path, TlsOptions options)
    {
        // RFC 7301 §3.1: a protocol name is 1 to 255 bytes, and the whole list has a length of 16 bits.
        const int LongestName = 255;
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (var index = 0; index < options.ApplicationProtocols.Count; index++)
        {
            var protocol = options.ApplicationProtocols[index];
            var position = options.At(nameof(options.ApplicationProtocols), index);
            if (Encoding.UTF8.GetByteCount(protocol) > LongestName)
            {
                problems.Error(
                    position,
                    $"{path}.applicationProtocols[{index}] is longer than {LongestName} bytes. Write a name such as h2 or http/1.1."
                );
            }
            else if (!seen.Add(protocol))
            {
                problems.Error(position, $"{path}.applicationProtocols has {protocol} twice. Remove one.");
            }
        }
    }
}
