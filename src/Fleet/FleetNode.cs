using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Cluster;
using Akka.Cluster.Tools.Singleton;
using Akka.Configuration;
using Akka.Hosting.Logging;
using Akka.Remote.Transport.DotNetty;
using Microsoft.Extensions.Logging;
using TlsGateway.Fleet.Balancing;
using TlsGateway.Fleet.ClientLimits;
using TlsGateway.Fleet.Formation;
using TlsGateway.Fleet.Membership;
using TlsGateway.Fleet.Remoting;
using TlsGateway.Fleet.Settings;
using TlsGateway.Fleet.SharedWork;
using TlsGateway.Fleet.TicketKeys;

namespace TlsGateway.Fleet;

/// <summary>
/// This process as a member of a fleet. It has an ActorSystem of its own, apart from the data path's: when the others put it out, or it loses them, that one ends and another begins, and no connection notices
/// (ADR 0010). Any thread.
/// </summary>
public sealed class FleetNode : IAsyncDisposable
{
    /// <summary>The name of each member's ActorSystem: the same on all.</summary>
    public const string SystemName = "fleet";

    /// <summary>The role of members that serve; all do.</summary>
    public const string Role = "gateway";

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(15);

    private readonly IFleetHost _host;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Func<double> _random;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource _renew = NewSignal();
    private volatile FleetSettings _settings;
    private volatile FleetSnapshot _current;
    private volatile MemberVerifier? _verifier;
    private volatile IActorRef? _balance;
    private Task _running = Task.CompletedTask;
    private long _refusedBefore;
    private long _begun;

    public FleetNode(FleetSettings settings, IFleetHost host, ILoggerFactory loggers, TimeProvider time, Func<double>? random = null)
    {
        (_settings, _host, _loggers, _time, _random) = (settings, host, loggers, time, random ?? Random.Shared.NextDouble);
        _log = loggers.CreateLogger("TlsGateway.Fleet");
        _current = new FleetSnapshot(FleetStanding.Joining, time.GetUtcNow(), []);
    }

    /// <summary>What members do for each other; null: nothing.</summary>
    public WorkSharing? Work { get; init; }

    /// <summary>The fleet as it is seen from here.</summary>
    public FleetSnapshot Current => _current;

    /// <summary>How often the fleet's part of the process has begun; more than once: it was lost or renewed.</summary>
    public long Begun => Interlocked.Read(ref _begun);

    /// <summary>Who came to the member port, or answered there, and is no member.</summary>
    public long Refused => Interlocked.Read(ref _refusedBefore) + (_verifier?.Refused ?? 0);

    /// <summary>Which new connections other members take.</summary>
    public Placement Placement { get; } = new();

    /// <summary>Tells the others to close what this member relays to them: it is about to end.</summary>
    public void EndRelays() => _balance?.Tell(BalanceActor.TellRelaysEnd.Instance, ActorRefs.NoSender);

    /// <summary>Tells a member to close some of what this one relays to it and is idle, the longest idle first: this one drains.</summary>
    /// <param name="member">As grants name it.</param>
    /// <param name="count">At most so many, 1 or more.</param>
    /// <param name="idle">Nothing has happened on them for so long.</param>
    public void CloseIdleRelayed(string member, int count, TimeSpan idle) =>
        _balance?.Tell(new BalanceActor.TellCloseIdle(member, count, idle), ActorRefs.NoSender);

    /// <summary>Begins; joining goes on in the background, for as long as it takes.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>Goes by other settings or another certificate from here on: leaves, and joins again with them. Nothing happens when they are the same.</summary>
    public void Use(FleetSettings settings)
    {
        lock (_lock)
        {
            if (IsSame(_settings, settings))
            {
                return;
            }
            _settings = settings;
            _renew.TrySetResult();
        }
    }

    /// <summary>Leaves, so that the others know at once, and ends. May be called again, and from several threads: nothing is held after it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        var failures = 0;
        while (!_stop.IsCancellationRequested)
        {
            Task renewed;
            FleetSettings settings;
            lock (_lock)
            {
                settings = _settings;
                if (_renew.Task.IsCompleted)
                {
                    _renew = NewSignal();
                }
                renewed = _renew.Task;
            }
            var began = _time.GetTimestamp();
            try
            {
                var wasLost = await ServeAsync(settings, renewed).ConfigureAwait(false);
                // One that was lost after a good while is not one that does not get in.
                failures =
                    !wasLost ? 0
                    : _time.GetElapsedTime(began) > LongestPause ? 1
                    : failures + 1;
                if (!wasLost)
                {
                    continue;
                }
                _log.FleetLost(Pause(failures).TotalSeconds);
            }
            catch (Exception failed)
            {
                failures++;
                _log.FleetNotStarted(Reason(failed), Pause(failures).TotalSeconds);
            }
            _current = new FleetSnapshot(FleetStanding.Lost, _time.GetUtcNow(), []);
            await Task.Delay(Pause(failures), _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One incarnation. True: it ended by itself.</summary>
    private async Task<bool> ServeAsync(FleetSettings settings, Task renewed)
    {
        var verifier = settings.Tls is { } tls ? new MemberVerifier(tls, _log) : null;
        Interlocked.Add(ref _refusedBefore, _verifier?.Refused ?? 0);
        _verifier = verifier;
        var setup = BootstrapSetup
            .Create()
            .WithConfig(FleetHocon.For(settings))
            .And(new LoggerFactorySetup(verifier is null ? _loggers : new RemotingLog(_loggers, verifier)));
        ActorSystemSetup all = setup;
        if (settings.Discovery is { } discovery)
        {
            all = all.And(discovery.Plugin(_loggers, _time));
        }
        if (settings.Tls is { } secured)
        {
            // The verifier checks the chain against the fleet's own authorities, and the name by what the platform found of it.
            all = all.And(
                new DotNettySslSetup(
                    secured.Certificate,
                    suppressValidation: false,
                    requireMutualAuthentication: true,
                    validateCertificateHostname: secured.VerifiesHost,
                    (certificate, chain, peer, errors, _) => verifier!.IsMember(certificate, chain, peer, errors)
                )
            );
        }
        var system = ActorSystem.Create(SystemName, all);
        try
        {
            var cluster = Cluster.Get(system);
            Interlocked.Increment(ref _begun);
            _log.FleetBegins(
                new FleetAddress(cluster.SelfAddress.Host, cluster.SelfAddress.Port ?? 0).ToString(),
                settings.Bind.ToString()
            );
            StartActors(system, settings);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            var joining = new FleetFormation(system, cluster, settings, _log).JoinAsync(ended.Token);
            await Task.WhenAny(system.WhenTerminated, renewed, UntilFailureAsync(joining, ended.Token)).ConfigureAwait(false);
            await ended.CancelAsync().ConfigureAwait(false);
            await joining.ConfigureAwait(false);
            if (system.WhenTerminated.IsCompleted && !_stop.IsCancellationRequested)
            {
                return true;
            }
            await LeaveAsync(system).ConfigureAwait(false);
            if (!_stop.IsCancellationRequested)
            {
                _log.FleetRenewed();
            }
            return false;
        }
        catch
        {
            await system.Terminate().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    /// <summary>Ends when joining fails, or with <paramref name="end"/>; it does not throw.</summary>
    private static async Task UntilFailureAsync(Task joining, CancellationToken end)
    {
        await joining.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (joining.IsCompletedSuccessfully)
        {
            await Task.Delay(Timeout.Infinite, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void StartActors(ActorSystem system, FleetSettings settings)
    {
        system.ActorOf(Props.Create(() => new FleetActor(_host, _time, Publish)), "fleet");
        if (_host.Clients is { } clients)
        {
            system.ActorOf(Props.Create(() => new ClientUseActor(clients, _time)), "client-use");
        }
        if (settings.Relaying is not null || settings.Rebalance is not null)
        {
            _balance = system.ActorOf(Props.Create(() => new BalanceActor(_host, settings, _time, Placement, _random)), BalanceActor.Name);
        }
        if (Work is { } work && settings.SharesChecks)
        {
            system.ActorOf(Props.Create(() => new WorkActor(work)), "shared-work");
        }
        if (settings.SharesKeys)
        {
            var schedule = new KeySchedule(settings.RotateEvery, settings.KeepKeys);
            system.ActorOf(
                ClusterSingletonManager.Props(
                    Props.Create(() => new TicketKeyMaster(_host, schedule, _time, _log)),
                    ClusterSingletonManagerSettings.Create(system).WithRole(Role)
                ),
                "ticket-keys"
            );
        }
    }

    private void Publish(FleetSnapshot next)
    {
        var before = _current;
        _current = next;
        Work?.Use(next);
        if (before.Standing != next.Standing || before.Members.Count != next.Members.Count)
        {
            _log.FleetStands(next.Standing, next.Members.Count);
        }
    }

    /// <summary>By the phases of coordinated shutdown: leave, hand over what only one does, stop.</summary>
    private async Task LeaveAsync(ActorSystem system)
    {
        var leaving = CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.ClusterLeavingReason.Instance);
        try
        {
            await leaving.WaitAsync(LeavePatience).ConfigureAwait(false);
            _log.FleetLeft();
        }
        catch (TimeoutException)
        {
            _log.FleetNotLeft(LeavePatience.TotalSeconds);
            await system.Terminate().WaitAsync(LeavePatience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private TimeSpan Pause(int failures)
    {
        var seconds = Math.Min(LongestPause.TotalSeconds, Math.Pow(2, Math.Min(failures, 6) - 1));
        return TimeSpan.FromSeconds(Math.Round(seconds * (0.5 + (_random() / 2)), 1));
    }

    /// <summary>The innermost message: the outer ones say that an ActorSystem or a transport did not start.</summary>
    private static string Reason(Exception failed)
    {
        while (failed.InnerException is { } inner)
        {
            failed = inner;
        }
        return failed.Message.EndsWith('.') ? failed.Message : failed.Message + ".";
    }

    private static bool IsSame(FleetSettings one, FleetSettings other) =>
        one with { Tls = null, Seeds = [] } == other with { Tls = null, Seeds = [] }
        && one.Seeds.SequenceEqual(other.Seeds)
        && (one.Tls is { } tls ? other.Tls is { } otherTls && tls.IsSameAs(otherTls) : other.Tls is null);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
