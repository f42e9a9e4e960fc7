using System.Net;
using Akka.Actor;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Connections;
using TlsGateway.Actors.Dispatch;
using TlsGateway.Actors.Events;
using TlsGateway.Actors.Health;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Limits;
using TlsGateway.Actors.Listeners;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Names;
using TlsGateway.Actors.Relaying;
using TlsGateway.Actors.Settings;
using TlsGateway.Actors.Usage;
using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Actors;

/// <summary>
/// The running data path on one ActorSystem: listeners on every loop, the connections behind them. Control calls come one at a time, from any thread.
/// </summary>
public sealed class GatewayHost : IAsyncDisposable
{
    /// <summary>How long a loop may take to answer a control message; it does when its turn ends, so this only passes when a loop is stuck.</summary>
    private static readonly TimeSpan ControlTimeout = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan OrderTimeout = TimeSpan.FromSeconds(5);

    private readonly GatewayHostOptions _options;
    private readonly IActorRef[] _supervisors;
    private readonly ConnectionInspector _inspector;
    private readonly SemaphoreSlim _control = new(1);
    private readonly List<RunningListener> _listeners = [];
    private readonly UpstreamRegistry _upstreams;
    private readonly LimitState _limits;
    private readonly ProcessResources _resources;
    private readonly MemoryGuard _memory;
    private volatile ScopeLimits _scope = new(LimitSettings.None, ClientLimitSettings.None);
    private volatile bool _draining;
    private int _idleCloses;
    private volatile ListenerGeneration[] _generations = [];

    private GatewayHost(ActorSystem system, GatewayHostOptions options)
    {
        _options = options;
        Metrics = options.Metrics ?? new GatewayMetrics();
        var log = (options.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("TlsGateway.DataPath");
        var loops = EventLoops.Get(system);
        _supervisors = new IActorRef[loops.Count];
        FleetClients = new FleetClients(loops.Loop(0).ReadTimestamp);
        _limits = new LimitState { Fleet = FleetClients };
        _resources = new ProcessResources { MaxConnections = options.MaxConnections };
        var health = new HealthServices(
            new EndpointProbe(TimeProvider.System),
            loops.Loop(0).ReadTimestamp,
            Random.Shared.NextDouble,
            (options.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("TlsGateway.Upstreams"),
            TimeProvider.System,
            options.SharedChecks
        );
        var names = options.Resolver is { } resolver ? new NameServices(resolver, Random.Shared.NextDouble, health.Log) : null;
        _upstreams = new UpstreamRegistry(
            loops.Count,
            isBorn: group =>
            {
                group.Events = Metrics.Events;
                group.Health = system.ActorOf(Props.Create(() => new UpstreamHealthActor(group, health)));
                if (names is not null)
                    group.Names = system.ActorOf(Props.Create(() => new UpstreamNamesActor(group, names)));
            },
            hasGone: group =>
            {
                system.Stop(group.Health);
                if (!group.Names.IsNobody())
                    system.Stop(group.Names);
            }
        );
        Metrics.Upstreams = () => _upstreams.Groups;
        Metrics.Generation = () => Generation;
        Metrics.Memory = () => (_resources.MemoryUsed, _resources.MemoryLimit);
        Metrics.Listeners = () => ListenerSettings;
        _memory = new MemoryGuard(_resources, GiveBackMemory, log);
        var contexts = new LoopContext[loops.Count];
        for (var i = 0; i < loops.Count; i++)
        {
            var context = contexts[i] = new LoopContext(loops.Loop(i), log, _resources, _limits)
            {
                Relays = options.Relays,
                Tracer = options.Tracing is { } tracing ? new ConnectionTracer(tracing) : null,
            };
            var props = Props.Create(() => new LoopSupervisorActor(context)).WithDeploy(context.Pin);
            _supervisors[i] = system.ActorOf(props, $"loop-{i}");
        }

        _inspector = new ConnectionInspector(_supervisors, ControlTimeout);
        Metrics.Loops = contexts;
        Events = new EventPipeline(system, [.. contexts.Select(static context => context.Events)]);
    }

    public GatewayMetrics Metrics { get; }

    /// <summary>What became of connections, one by one.</summary>
    public EventPipeline Events { get; }

    /// <summary>Limits of client networks over a whole fleet.</summary>
    public FleetClients FleetClients { get; }

    /// <summary>The generation that new connections take.</summary>
    public int Generation { get; private set; }

    /// <summary>What is listened on, with real port numbers.</summary>
    public IReadOnlyList<BoundListener> Listeners => [.. _listeners.Select(l => new BoundListener(l.Settings.Name, l.EndPoint))];

    /// <summary>Where other members hand over connections, with the real port; null: they do not.</summary>
    public IPEndPoint? RelayEndPoint { get; private set; }

    public bool IsDraining => _draining;

    /// <summary>Open connections by the generation that they began with, and listener: the present ones, and older ones while connections are left.</summary>
    public IReadOnlyList<GenerationUse> Generations =>
        [
            .. _generations
                .Select(static g => new GenerationUse(g.Number, g.Settings.Name, g.Connections))
                .Where(use => use.Connections > 0 || use.Generation == Generation)
                .OrderBy(static use => use.Generation)
                .ThenBy(static use => use.Listener, StringComparer.Ordinal),
        ];

    /// <summary>The upstreams of the present generation and how their endpoints are, by name.</summary>
    public IReadOnlyList<UpstreamSnapshot> Upstreams =>
        [.. _upstreams.Groups.Select(UpstreamSnapshot.Of).OfType<UpstreamSnapshot>().OrderBy(static u => u.Name, StringComparer.Ordinal)];

    /// <summary>The event loops, in their order.</summary>
    public IReadOnlyList<LoopSnapshot> Loops =>
        [
            .. Metrics.Loops.Select(static context => new LoopSnapshot(
                context.Loop.Index,
                TimeSpan.FromMicroseconds(context.DelayNanos / 1000.0),
                TimeSpan.FromMicroseconds(context.LongestTurnNanos / 1000.0),
                TimeSpan.FromMicroseconds(context.Loop.Counters.BusyNanos / 1000.0),
                context.Loop.Counters.Backlog,
                context.Loop.Counters.OpenSockets
            )),
        ];

    /// <summary>What the listeners of the present generation are set to.</summary>
    public IReadOnlyList<ListenerSettings> ListenerSettings =>
        [.. _generations.Where(one => one.Number == Generation).Select(static one => one.Settings)];

    /// <summary>Connections open now.</summary>
    public long OpenConnections => Metrics.OpenConnections;

    /// <summary>Starts the data path.</summary>
    /// <exception cref="SocketSetupException">An address cannot be listened on; says which and why.</exception>
    /// <exception cref="TlsConfigurationException">A certificate or TLS setting is not usable.</exception>
    public static async Task<GatewayHost> StartAsync(ActorSystem system, GatewaySettings settings, GatewayHostOptions options)
    {
        var host = new GatewayHost(system, options);
        await host.ApplyAsync(settings).ConfigureAwait(false);
        if (options.Relays is { } relays)
            await host.OpenRelayPortsAsync(relays).ConfigureAwait(false);
        return host;
    }

    /// <summary>
    /// Makes <paramref name="next"/> the generation of new connections; old connections keep theirs. When it throws (as <see cref="StartAsync"/>)
    /// nothing has changed.
    /// </summary>
    public Task ReloadAsync(GatewaySettings next) => ApplyAsync(next);

    /// <summary>
    /// Accepts no more and waits up to <paramref name="timeout"/> for connections to end. In the second half of it those on which nothing has happened since the beginning are closed, a few at a time, so
    /// that their clients do not all come to another gateway at once; at the end the rest, with close_notify, each within its listener's shutdown timeout.
    /// </summary>
    /// <param name="timeout">From now.</param>
    /// <param name="stopNow">Ends the waiting at once.</param>
    /// <param name="peers">The other members: no more connections are closed at a time before the end than they can take, and they close those that are relayed to them. Null: there are none.</param>
    public Task DrainAsync(TimeSpan timeout, CancellationToken stopNow, IDrainPeers? peers = null)
    {
        _draining = true;
        var shutdown = _listeners.Count == 0 ? TimeSpan.Zero : _listeners.Max(l => l.Settings.ShutdownTimeout);
        var drain = new GatewayDrain(_supervisors, Metrics, Metrics.Loops[0].Loop.ReadTimestamp, peers);
        return drain.RunAsync(timeout, shutdown, stopNow);
    }

    /// <summary>Closes connections that another member relays here, with close_notify: it is about to end.</summary>
    /// <param name="origin">The member.</param>
    public void CloseRelayed(string origin)
    {
        foreach (var supervisor in _supervisors)
            supervisor.Tell(new ListenerProtocol.CloseRelayed(origin), ActorRefs.NoSender);
    }

    /// <summary>Closes idle connections that another member relays here, with close_notify: it drains.</summary>
    /// <param name="origin">The member.</param>
    /// <param name="count">At most so many, 1 or more.</param>
    /// <param name="idle">Those on which nothing has happened for so long, the longest idle first.</param>
    public void CloseIdleRelayed(string origin, int count, TimeSpan idle) =>
        ListenerProtocol.CloseIdle.Begin(
            _supervisors,
            Interlocked.Increment(ref _idleCloses),
            count,
            Metrics.Loops[0].Loop.ReadTimestamp() - (idle.Ticks * TimeSpan.NanosecondsPerTick),
            origin
        );

    /// <summary>Closes connections, with close_notify, so that their clients come to members with more room.</summary>
    /// <param name="count">At most so many, 1 or more.</param>
    /// <param name="idle">Those on which nothing has happened for so long, the longest first.</param>
    /// <param name="old">Then those that have been open for so long, the oldest first; null: not those.</param>
    public void Retire(int count, TimeSpan idle, TimeSpan? old)
    {
        var share = (count + _supervisors.Length - 1) / _supervisors.Length;
        var now = Metrics.Loops[0].Loop.ReadTimestamp();
        var retire = new ListenerProtocol.Retire(share, Before(idle), old is { } age ? Before(age) : long.MinValue);
        foreach (var supervisor in _supervisors)
            supervisor.Tell(retire, ActorRefs.NoSender);

        long Before(TimeSpan span) => now - (span.Ticks * TimeSpan.NanosecondsPerTick);
    }

    /// <summary>Ends <see cref="Events"/>: its readers get what there still is, and have <paramref name="patience"/> for it. Connections that end after it are not told of.</summary>
    public async Task EndEventsAsync(TimeSpan patience)
    {
        Task told = Task.WhenAll(_supervisors.Select(s => s.Ask<ListenerProtocol.Done>(ListenerProtocol.EndEvents.Instance, patience)));
        await told.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Events.EndAsync(patience).ConfigureAwait(false);
    }

    /// <summary>Open connections in the order of their ids.</summary>
    /// <param name="filter">Which of them.</param>
    /// <param name="after">From the one after this; null: from the first.</param>
    /// <param name="limit">At most so many, 1 or more.</param>
    /// <exception cref="AskTimeoutException">A loop is stuck.</exception>
    /// <exception cref="InspectionBusyException">Too many ask.</exception>
    public Task<ConnectionPage> ListConnectionsAsync(ConnectionFilter filter, ConnectionId? after, int limit) =>
        _inspector.ListAsync(filter, after, limit);

    /// <summary>Open connections by how much they have of something, the most first. Those that have nothing of it are not among them.</summary>
    /// <param name="filter">Which of them.</param>
    /// <param name="sort">Of what.</param>
    /// <param name="offset">So many with more of it are left out, 0 or more.</param>
    /// <param name="limit">At most so many, 1 or more.</param>
    /// <exception cref="AskTimeoutException">A loop is stuck.</exception>
    /// <exception cref="InspectionBusyException">Too many ask.</exception>
    public Task<RankedConnections> RankConnectionsAsync(ConnectionFilter filter, ConnectionSort sort, int offset, int limit) =>
        _inspector.RankAsync(filter, sort, offset, limit);

    /// <summary>One connection; null: there is none with this id (any more).</summary>
    /// <exception cref="AskTimeoutException">Its loop is stuck.</exception>
    /// <exception cref="InspectionBusyException">Too many ask.</exception>
    public Task<ConnectionSnapshot?> FindConnectionAsync(ConnectionId id) => _inspector.FindAsync(id);

    /// <summary>
    /// Who still does what, in the last ten to twenty minutes: for each question client networks and configured names, the most first. Stalls are those of connections that ended then, and
    /// of those that are open.
    /// </summary>
    /// <param name="limit">For each question, at most so many, 1 or more.</param>
    /// <exception cref="AskTimeoutException">A loop is stuck.</exception>
    /// <exception cref="InspectionBusyException">Too many ask.</exception>
    public Task<IReadOnlyDictionary<UsageQuestion, IReadOnlyList<UsageCount>>> ReadUsageAsync(int limit) =>
        _inspector.ReadUsageAsync(limit);

    /// <summary>Has connections go to an endpoint, or not, whatever its health. False: no such upstream in the present generation, or no such endpoint of it.</summary>
    /// <param name="upstream">Its name.</param>
    /// <param name="address">As <see cref="EndpointSnapshot.Address"/>.</param>
    /// <param name="order">From now on.</param>
    public bool OrderEndpoint(string upstream, string address, EndpointOrder order)
    {
        var group = _upstreams.Groups.FirstOrDefault(one => one.Name == upstream);
        if (group?.Current?.Endpoints.FirstOrDefault(one => one.ToString() == address) is not { } endpoint)
            return false;
        endpoint.Order = order;
        // Connections that wait for a place may have one now, or know that they never will.
        group.Queue.WakeAll();
        return true;
    }

    /// <summary>What bounds connections, and how much of it is used.</summary>
    public LimitsSnapshot Limits =>
        new(
            _scope,
            FleetClients.Snapshot,
            [
                .. ListenerSettings.Select(listener =>
                {
                    var counters = Metrics.Counters.Where(counts => counts.Listener == listener.Name).ToList();
                    return new ListenerLimits(
                        listener.Name,
                        counters.Sum(static counts => Volatile.Read(ref counts.Open)),
                        listener.MaxConnections,
                        new ScopeLimits(listener.Limits, listener.ClientLimits),
                        Enum.GetValues<CloseReason>()
                            .Select(reason => (Name: GatewayMetrics.NameOf(reason), Count: counters.Sum(counts => counts.Refused(reason))))
                            .Where(static refused => refused.Count > 0)
                            .ToDictionary(static refused => refused.Name, static refused => refused.Count, StringComparer.Ordinal)
                    );
                }),
            ],
            OpenConnections,
            _resources.MaxConnections,
            _resources.MemoryUsed,
            _resources.MemoryLimit,
            GatewayMetrics.SnakeCase(_resources.Memory)
        );

    /// <summary>Has something done to one connection. The answer says whether it was begun.</summary>
    public async Task<OrderAnswer> OrderAsync(ConnectionId id, ConnectionOrder order)
    {
        if (id.Loop >= _supervisors.Length)
            return OrderAnswer.NotFound;
        try
        {
            return await _supervisors[id.Loop]
                .Ask<OrderAnswer>(new InspectionProtocol.Order(id.Number, order), OrderTimeout)
                .ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            return OrderAnswer.Refused("the connection's event loop does not answer; the order may still be carried out");
        }
    }

    /// <summary>Gives up the instruments. The ActorSystem, which its owner terminates, ends the listeners and connections and with them the contexts.</summary>
    public ValueTask DisposeAsync()
    {
        _memory.Dispose();
        if (_options.Metrics is null)
            Metrics.Dispose();
        _control.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task ApplyAsync(GatewaySettings settings)
    {
        await _control.WaitAsync().ConfigureAwait(false);
        var opened = new List<RunningListener>();
        var contexts = new Dictionary<string, ITlsContext>(StringComparer.Ordinal);
        var upstreams = new Dictionary<UpstreamSettings, ITlsContext>(ReferenceEqualityComparer.Instance);
        try
        {
            // All that can fail comes first: contexts, then sockets.
            foreach (var listener in settings.Listeners)
            {
                contexts[listener.Name] = CreateContext(listener);
                foreach (var upstream in listener.Upstreams)
                {
                    if (upstream.Tls is { } tls && !upstreams.ContainsKey(upstream))
                        upstreams.Add(upstream, TlsEngines.CreateClient(tls.Engine, tls.Client));
                }
            }

            foreach (var listener in settings.Listeners)
            {
                if (Find(listener) is null)
                    opened.Add(
                        RunningListener.Bind(
                            listener,
                            _supervisors.Length,
                            isOurs: _listeners.Exists(l => l.Settings.Bind.Port == listener.Bind.Port)
                        )
                    );
            }
        }
        catch
        {
            foreach (var listener in opened)
                listener.CloseSockets();
            foreach (var context in contexts.Values.Concat(upstreams.Values))
                context.Dispose();
            _control.Release();
            throw;
        }

        try
        {
            await SwitchAsync(
                    settings,
                    opened,
                    contexts,
                    _upstreams.Make(settings.Listeners.SelectMany(static l => l.Upstreams), upstreams)
                )
                .ConfigureAwait(false);
        }
        finally
        {
            _control.Release();
        }
    }

    private async Task SwitchAsync(
        GatewaySettings settings,
        List<RunningListener> opened,
        Dictionary<string, ITlsContext> contexts,
        IReadOnlyDictionary<UpstreamSettings, Upstream> upstreams
    )
    {
        foreach (var gone in _listeners.Where(l => !settings.Listeners.Any(l.Is)).ToList())
        {
            await AskAllAsync(new ListenerProtocol.CloseListener(gone.Settings.Name)).ConfigureAwait(false);
            _listeners.Remove(gone);
        }

        _limits.Use(settings.Limits, settings.ClientLimits);
        FleetClients.Use(settings.FleetClientLimits);
        _scope = new ScopeLimits(settings.Limits, settings.ClientLimits);
        _memory.Use(settings.Memory);
        foreach (var listener in settings.Listeners)
        {
            var generation = new ListenerGeneration(
                settings.Generation,
                listener,
                contexts[listener.Name],
                upstreams,
                holders: _supervisors.Length
            );
            _generations = [.. _generations.Where(static g => !g.IsDone), generation];
            if (Find(listener) is { } running)
            {
                running.Settings = listener;
                running.Limits.Use(listener.Limits, listener.ClientLimits);
                running.Context = generation.Context;
                // Only when each loop has said so is it true that new connections get the new generation.
                await AskAllAsync(new ListenerProtocol.UseGeneration(listener.Name, generation)).ConfigureAwait(false);
            }
            else
            {
                var made = opened.Single(l => l.Is(listener));
                made.Context = generation.Context;
                made.Limits.Use(listener.Limits, listener.ClientLimits);
                await OpenAsync(made, generation).ConfigureAwait(false);
                _listeners.Add(made);
            }
        }

        Generation = settings.Generation;
    }

    private async Task OpenAsync(RunningListener listener, ListenerGeneration generation)
    {
        for (var i = 0; i < _supervisors.Length; i++)
        {
            var counters = new ListenerCounters(listener.Settings.Name, i, listener.Shared) { Events = Metrics.Events };
            Metrics.Add(counters);
            await _supervisors[i]
                .Ask<ListenerProtocol.Done>(
                    new ListenerProtocol.OpenListener(listener.Fds[i], generation, counters, listener.Limits),
                    ControlTimeout
                )
                .ConfigureAwait(false);
        }
    }

    private void GiveBackMemory(bool closesIdle)
    {
        foreach (var supervisor in _supervisors)
            supervisor.Tell(new ListenerProtocol.GiveBackMemory(closesIdle), ActorRefs.NoSender);
    }

    private ITlsContext CreateContext(ListenerSettings listener) =>
        TlsEngines.CreateServer(listener.Engine, listener.Tls, Find(listener)?.Context);

    private RunningListener? Find(ListenerSettings listener) => _listeners.Find(l => l.Is(listener));

    private async Task OpenRelayPortsAsync(RelaySettings relays)
    {
        var fds = RunningListener.Listen(relays.Bind, RelayPortActor.MaxArrivals, _supervisors.Length);
        RelayEndPoint = TcpSocket.LocalEndPoint(fds[0]).ToIPEndPoint();
        for (var loop = 0; loop < fds.Length; loop++)
        {
            await _supervisors[loop]
                .Ask<ListenerProtocol.Done>(new ListenerProtocol.OpenRelayPort(fds[loop]), ControlTimeout)
                .ConfigureAwait(false);
        }
    }

    private Task AskAllAsync(object message) =>
        Task.WhenAll(_supervisors.Select(s => s.Ask<ListenerProtocol.Done>(message, ControlTimeout)));
}
