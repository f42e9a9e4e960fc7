using System.Net;
using Akka.Actor;
using TlsGateway.Actors;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Relaying;
using TlsGateway.Actors.Settings;
using TlsGateway.Fleet;
using TlsGateway.Fleet.Membership;
using TlsGateway.Fleet.Protocol;
using TlsGateway.Fleet.SharedWork;
using TlsGateway.Gateway.AccessLogs;
using TlsGateway.Gateway.Admin;
using TlsGateway.Gateway.Certificates;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Debugging;
using TlsGateway.Gateway.Demo;
using TlsGateway.Gateway.Names;
using TlsGateway.Gateway.Ocsp;
using TlsGateway.Gateway.SharedWork;
using TlsGateway.Gateway.Telemetry;
using TlsGateway.Gateway.Tickets;
using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Gateway.Hosting;

/// <summary>
/// Everything that runs: the data path, and what the process makes around it (admin endpoint, demo upstream, development certificate). Calls come one at
/// a time.
/// </summary>
internal sealed class GatewayRuntime(
    ActorSystem system,
    GatewayReadiness readiness,
    TimeProvider time,
    ILoggerFactory loggers,
    ILogger<GatewayRuntime> log
) : IAsyncDisposable
{
    /// <summary>How long the end waits for the access log's last lines to be taken.</summary>
    private static readonly TimeSpan LastLinesPatience = TimeSpan.FromSeconds(2);

    private GatewayHost? _host;
    private AdminServer? _admin;
    private DemoUpstream? _demo;
    private KeyLogFile? _keyLog;
    private readonly GatewayMetrics _metrics = new();
    private readonly TicketKeyKeeper _ticketKeys = new(time, log);
    private ServingInstruments? _instruments;
    private AccessLog? _accessLog;
    private FleetNode? _fleet;
    private GatewayConfiguration? _configuration;
    private readonly StapleKeeper _staples = new(OcspClient.CreateHttp(), time, log);
    private readonly WorkSharing _work = new();

    /// <summary>Of the configuration that new connections take; 0 before the start.</summary>
    public int Generation { get; private set; }

    /// <summary>The development certificate that is served; null when none is.</summary>
    public DevelopmentCertificates? Development { get; private set; }

    /// <summary>What the admin endpoint can ask of the process; null: not yet.</summary>
    public AdminControls? Controls { private get; set; }

    /// <summary>What is served.</summary>
    public IReadOnlyList<ServedCertificate> Certificates => _instruments?.Certificates ?? [];

    /// <summary>Reloads so far.</summary>
    public (long Done, long Refused) Reloads => _instruments?.Reloads ?? default;

    /// <summary>Since when tickets are sealed with the newest key.</summary>
    public DateTimeOffset TicketKeySince => _ticketKeys.NewestSince;

    /// <summary>The fleet as it is seen from here.</summary>
    public FleetSnapshot Fleet => _fleet?.Current ?? FleetSnapshot.Off;

    public IPEndPoint? AdminEndPoint => _admin?.EndPoint;

    public IReadOnlyList<BoundListener> Listeners => _host?.Listeners ?? [];

    /// <summary>Starts all; on failure, what had been started is left for <see cref="DisposeAsync"/>.</summary>
    /// <exception cref="GatewayStartException">Something cannot be had; says what.</exception>
    public async Task StartAsync(GatewayConfiguration configuration, CancellationToken cancellation)
    {
        try
        {
            _accessLog = configuration.AccessLog is { } access ? new AccessLog(access, _metrics.Meter, time, log) : null;
            _instruments = new ServingInstruments(_metrics.Meter, time, () => _ticketKeys.NewestSince);
            FleetInstruments.Create(_metrics.Meter, () => _fleet?.Current, () => _fleet?.Begun ?? 0, () => _fleet?.Refused ?? 0);
            _admin = await AdminServer
                .StartAsync(configuration.Admin, configuration.Telemetry, readiness, loggers, () => _host, () => Controls, cancellation)
                .ConfigureAwait(false);
            _staples.Share(new SharedStaples(_work));
            var settings = await PrepareAsync(configuration, generation: 1, cancellation).ConfigureAwait(false);
            var relays = configuration.Cluster is { } cluster ? PrepareFleet(cluster) : null;
            _host = await GatewayHost
                .StartAsync(
                    system,
                    settings.Gateway,
                    new GatewayHostOptions
                    {
                        LoggerFactory = loggers,
                        Metrics = _metrics,
                        Tracing = configuration.Telemetry.SendsTraces ? configuration.Telemetry.Tracing : null,
                        MaxConnections = DescriptorBudget.Connections,
                        Resolver = new HostResolver(configuration.NameServers),
                        Relays = relays,
                        SharedChecks = new SharedChecks(_work),
                    }
                )
                .ConfigureAwait(false);
            if (_accessLog is not null)
            {
                _ = _host.Events.RunWith(_accessLog.Sink);
            }
            (Generation, Development) = (1, settings.Development);
            _instruments.Certificates = ServedCertificate.Of(settings.Gateway.Listeners);
            _configuration = configuration;
        }
        catch (Exception failed) when (IsOperators(failed))
        {
            throw new GatewayStartException(failed.Message, IsOfConfiguration(failed), failed);
        }
        if (_fleet is { } fleet)
        {
            readiness.WaitsFor(() => MissingOf(fleet.Current));
            fleet.Start();
        }
        readiness.Phase = GatewayPhase.Ready;
    }

    /// <summary>Makes a configuration the one that new connections take. When it throws, nothing has changed.</summary>
    /// <exception cref="GatewayStartException">Something cannot be had; says what.</exception>
    public async Task ReloadAsync(GatewayConfiguration next)
    {
        if (_host is not { } host || readiness.Phase == GatewayPhase.Draining)
        {
            throw new InvalidOperationException("The gateway is not serving.");
        }
        try
        {
            var settings = await PrepareAsync(next, Generation + 1, CancellationToken.None).ConfigureAwait(false);
            await host.ReloadAsync(settings.Gateway).ConfigureAwait(false);
            _staples.Keep(settings.Gateway.Listeners);
            _admin?.Use(next.Admin.Access);
            (Generation, Development) = (Generation + 1, settings.Development);
            _configuration = next;
            if (next.Cluster is { } cluster)
            {
                _fleet?.Use(cluster.Fleet);
            }
            _instruments!.Certificates = ServedCertificate.Of(settings.Gateway.Listeners);
        }
        catch (Exception failed) when (IsOperators(failed))
        {
            throw new GatewayStartException(failed.Message, IsOfConfiguration(failed), failed);
        }
    }

    /// <summary>A reload is over: for the metrics.</summary>
    public void CountReload(bool done) => _instruments?.CountReload(done);

    /// <summary>Unready at once; accepts for <paramref name="grace"/> still, since load balancers are slow to notice.</summary>
    public Task BecomeUnreadyAsync(TimeSpan grace)
    {
        readiness.Phase = GatewayPhase.Draining;
        return _host is not null && grace > TimeSpan.Zero ? Task.Delay(grace, time) : Task.CompletedTask;
    }

    /// <summary>Accepts no more, and waits for open connections, at most <paramref name="timeout"/>; then closes them.</summary>
    public async Task DrainAsync(TimeSpan timeout)
    {
        if (_host is not { } host)
        {
            return;
        }
        var (began, open) = (time.GetTimestamp(), Left());
        readiness.DrainsBy(() =>
        {
            var since = time.GetElapsedTime(began);
            return new DrainProgress(open, Left(), since, since < timeout ? timeout - since : TimeSpan.Zero);
        });
        await host.DrainAsync(timeout, CancellationToken.None, _fleet is { } fleet ? new FleetPeers(fleet) : null).ConfigureAwait(false);
        if (Left() is var left and > 0)
        {
            log.DrainTimeOver(left);
        }
        else
        {
            log.Drained();
        }

        // Those that another member serves end only when their client or that member ends them.
        long Left() => host.OpenConnections + host.Metrics.RelayedConnections;
    }

    /// <summary>Leaves the fleet: the others saw it drain until now.</summary>
    public ValueTask LeaveAsync() => DisposeAsync(Interlocked.Exchange(ref _fleet, null));

    /// <summary>Gives everything up but the ActorSystem, which the host owns. May be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _host, null) is { } host)
        {
            await host.EndEventsAsync(LastLinesPatience).ConfigureAwait(false);
            await host.DisposeAsync().ConfigureAwait(false);
        }
        _accessLog?.Dispose();
        await DisposeAsync(Interlocked.Exchange(ref _fleet, null)).ConfigureAwait(false);
        await DisposeAsync(Interlocked.Exchange(ref _demo, null)).ConfigureAwait(false);
        await DisposeAsync(Interlocked.Exchange(ref _admin, null)).ConfigureAwait(false);
        await _staples.DisposeAsync().ConfigureAwait(false);
        _ticketKeys.Dispose();
        _keyLog?.Dispose();
        _metrics.Dispose();
    }

    /// <summary>Makes this process's part of the fleet, which begins when the data path is up. Null: no connections go between members.</summary>
    private RelaySettings? PrepareFleet(ClusterSettings cluster)
    {
        RelayKeyRing? relayKeys = cluster.RelayBind is null ? null : new();
        FleetHost self = new(
            readiness,
            _ticketKeys,
            time,
            () => _host,
            () => _configuration?.Digest ?? "",
            () => _instruments?.Certificates ?? [],
            relayKeys,
            cluster.Fleet.SharesTicketKeys
        );
        var fleet = _fleet = new FleetNode(cluster.Fleet, self, loggers, time) { Work = _work };
        return relayKeys is null
            ? null
            : new RelaySettings
            {
                Bind = cluster.RelayBind!,
                Self = cluster.Fleet.Advertised.ToString(),
                Keys = relayKeys,
                Placement = fleet.Placement,
            };
    }

    /// <summary>What the fleet has to give before clients come. Once there were keys, tickets are opened with them, in the fleet or out of it.</summary>
    private string? MissingOf(FleetSnapshot fleet)
    {
        if (_configuration?.Cluster is not { } cluster)
        {
            return null;
        }
        if (cluster.ReadyAsMemberOnly && fleet.Standing is not (FleetStanding.Member or FleetStanding.Leaving))
        {
            return $"not a member of the fleet ({fleet.Standing.ToString().ToLowerInvariant()})";
        }
        var waits = cluster.Fleet.SharesTicketKeys && _ticketKeys.FleetVersion == 0;
        return waits && (cluster.ReadyAsMemberOnly || fleet.Standing == FleetStanding.Member) ? "no ticket keys of the fleet yet" : null;
    }

    private static ValueTask DisposeAsync(IAsyncDisposable? part) => part?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<(Actors.Settings.GatewaySettings Gateway, DevelopmentCertificates? Development)> PrepareAsync(
        GatewayConfiguration configuration,
        int generation,
        CancellationToken cancellation
    )
    {
        DevelopmentCertificates? development = null;
        if (configuration.NeedsDevelopmentCertificate)
        {
            development = DevelopmentCertificates.LoadOrMake(configuration.StateFolder, Environment.MachineName, time);
            if (development.Warning is { } warning)
            {
                log.ConfigurationWarning(warning);
            }
        }
        if (configuration.NeedsDemoUpstream)
        {
            _demo ??= await DemoUpstream.StartAsync(loggers, cancellation).ConfigureAwait(false);
        }
        _ticketKeys.Use(configuration.TicketKeys);
        UseKeyLog(configuration.KeyLogFile);
        var settings = configuration.ToSettings(generation, development?.Certificate, _demo?.EndPoint);
        Action<string>? keyLog = configuration.KeyLogFile is null ? null : _keyLog!.Write;
        var stapled = await _staples
            .UseAsync(
                settings.Listeners.Where(listener => configuration.StaplingListeners.Contains(listener.Name)),
                Path.Combine(configuration.StateFolder, "ocsp"),
                cancellation
            )
            .ConfigureAwait(false);
        return (
            settings with
            {
                Listeners = [.. settings.Listeners.Select(listener => Share(stapled.GetValueOrDefault(listener.Name, listener), keyLog))],
            },
            development
        );
    }

    /// <summary>What all listeners of the process share.</summary>
    private ListenerSettings Share(ListenerSettings listener, Action<string>? keyLog) =>
        listener with
        {
            Tls = listener.Tls with { TicketKeys = _ticketKeys.Ring, KeyLog = keyLog },
        };

    /// <summary>Connections of older generations may still write to a log that was turned off: it is closed at the end.</summary>
    private void UseKeyLog(string? file)
    {
        if (file is null || _keyLog?.Path == file)
        {
            return;
        }
        var next = KeyLogFile.Open(file);
        _keyLog?.Dispose();
        _keyLog = next;
        log.KeyLogOn(file);
    }

    /// <summary>A failure that the operator can do something about, with a message for him; others are faults of the program.</summary>
    private static bool IsOperators(Exception failed) =>
        IsOfConfiguration(failed) || failed is SocketSetupException or IOException or UnauthorizedAccessException;

    private static bool IsOfConfiguration(Exception failed) => failed is TlsConfigurationException or DevelopmentCertificateException;
}
