using System.Diagnostics;
using Akka.Actor;
using Microsoft.Extensions.Logging;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Health;

/// <summary>Looks after the endpoints of one upstream: checks them, takes out those on which connections fail, brings them back. The only writer of their health.</summary>
/// <remarks>
/// On Akka's default dispatcher, child of the system's guardian, which restarts it; its <see cref="UpstreamGroup"/> has what it needs to begin again. Mailbox: one message per generation, per
/// check that ends, and per reached limit of failures; of checks that other gateways did one per endpoint at a time.
/// </remarks>
internal sealed class UpstreamHealthActor : ReceiveActor, IWithTimers
{
    /// <summary>A check that another gateway should have done is looked after so often.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    /// <summary>What is checked more rarely is told of again so often.</summary>
    private static readonly TimeSpan TellAgain = TimeSpan.FromSeconds(10);

    private readonly UpstreamGroup _group;
    private readonly IEndpointProbe _probe;
    private readonly HealthServices _services;
    private readonly Dictionary<Endpoint, EndpointHealth> _endpoints = [];
    private readonly Dictionary<Endpoint, CheckShare> _shares = [];
    private Upstream? _upstream;

    public UpstreamHealthActor(UpstreamGroup group, HealthServices services)
    {
        _group = group;
        _services = services;
        _probe = services.Probe;
        Receive<HealthProtocol.Use>(use => OnUse(use.Upstream));
        Receive<HealthProtocol.FailuresReached>(reached => OnFailures(reached.Endpoint));
        Receive<HealthProtocol.TrialSucceeded>(succeeded => OnTrial(succeeded.Endpoint));
        Receive<TimeOver>(over => OnTimeOver(over.Endpoint));
        Receive<CheckDue>(due => OnCheckDue(due.Endpoint));
        Receive<CheckEnded>(OnCheckEnded);
        Receive<CheckHeard>(heard => OnCheckHeard(heard.Endpoint, heard.Share));
        Receive<TellAgainDue>(_ => OnTellAgain());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        if (_group.Current is { } current)
            OnUse(current);
    }

    protected override void PostStop()
    {
        foreach (var share in _shares.Values)
            share.Dispose();
    }

    private void OnUse(Upstream next)
    {
        var isFirst = _upstream is null;
        var wasChecked = _upstream?.Settings.HealthCheck is not null;
        _upstream = next;
        foreach (var gone in _endpoints.Keys.Except(next.Endpoints).ToList())
        {
            _endpoints.Remove(gone);
            Share(gone, null);
            Timers.Cancel(new CheckDue(gone));
            Timers.Cancel(new TimeOver(gone));
        }

        foreach (var endpoint in next.Endpoints)
        {
            var isNew = !_endpoints.TryGetValue(endpoint, out var health);
            if (isNew)
                _endpoints.Add(endpoint, health = new EndpointHealth(endpoint));
            // After a restart nobody knows for how long it was to be out.
            if (isFirst)
                endpoint.SetCircuit(Circuit.Closed);
            else if (isNew)
                endpoint.BeginRamp(_services.Now());
            Share(endpoint, CheckWork.NameOf(next, endpoint));
            if (next.Settings.HealthCheck is not { } check)
                Uncheck(health!);
            else if (isNew || !wasChecked)
                Schedule(new CheckDue(endpoint), First(check.Interval));
        }

        if (_shares.Count > 0 && next.Settings.HealthCheck!.Interval > TellAgain)
            Timers.StartPeriodicTimer(TellAgainDue.Instance, TellAgainDue.Instance, TellAgain);
        else
            Timers.Cancel(TellAgainDue.Instance);
    }

    /// <summary>The endpoint's checks are of this name from now on; null: other gateways have nothing to do with them.</summary>
    private void Share(Endpoint endpoint, string? work)
    {
        if (_services.Shared is not { } checks || _shares.GetValueOrDefault(endpoint)?.Work == work)
            return;
        if (_shares.Remove(endpoint, out var old))
            old.Dispose();
        var self = Self;
        if (work is not null)
            _shares.Add(
                endpoint,
                new CheckShare(work, checks, _services.Now(), share => self.Tell(new CheckHeard(endpoint, share), ActorRefs.NoSender))
            );
    }

    private void Uncheck(EndpointHealth health)
    {
        Timers.Cancel(new CheckDue(health.Endpoint));
        health.Unchecked();
    }

    private void OnCheckDue(Endpoint endpoint)
    {
        if (_upstream?.Settings.HealthCheck is not { } check || !_endpoints.ContainsKey(endpoint))
            return;
        var share = _shares.GetValueOrDefault(endpoint);
        var isForAll = share?.IsDue(check, _services.Now()) ?? false;
        // The first one is always done here: an endpoint that nobody has said anything of takes connections.
        if (share is not null && !isForAll && endpoint.LastCheck is not null)
        {
            Schedule(new CheckDue(endpoint), check.Interval < LookAgain ? check.Interval : LookAgain);
            return;
        }

        var upstream = _upstream;
        _ = CheckAsync().PipeTo(Self);

        async Task<object> CheckAsync()
        {
            using var timeout = new CancellationTokenSource(check.Timeout);
            var began = Stopwatch.GetTimestamp();
            var result = await _probe.CheckAsync(endpoint, upstream, timeout.Token).ConfigureAwait(false);
            _group.Events?.RecordCheck(endpoint, result.Passed, Stopwatch.GetElapsedTime(began));
            return new CheckEnded(endpoint, result, isForAll ? share : null);
        }
    }

    private void OnCheckEnded(CheckEnded ended)
    {
        var (endpoint, result, share) = ended;
        if (_upstream?.Settings.HealthCheck is not { } check || !_endpoints.TryGetValue(endpoint, out var health))
            return;
        endpoint.Counters.CountCheck(result.Passed);
        endpoint.LastCheck = result;
        if (health.Checked(result.Passed, check))
            OnChanged(endpoint, result.Detail);
        // Not what was begun under other settings.
        if (share is not null && _shares.GetValueOrDefault(endpoint) == share)
            share.Tell(new SharedCheck(result.Passed, result.Detail, endpoint.IsDown, health.InARow), _services.Now());
        Schedule(new CheckDue(endpoint), Next(check.Interval));
    }

    private void OnCheckHeard(Endpoint endpoint, CheckShare share)
    {
        var heard = share.Take(_services.Now());
        if (
            heard is null
            || _shares.GetValueOrDefault(endpoint) != share
            || _upstream?.Settings.HealthCheck is not { } check
            || !_endpoints.TryGetValue(endpoint, out var health)
        )
            return;
        endpoint.LastCheck = new EndpointCheck(heard.Passed, heard.Detail, _services.Time.GetUtcNow() - heard.Age) { By = heard.By };
        if (health.Heard(heard))
            OnChanged(endpoint, heard.Detail);
        if (heard.Age > TimeSpan.Zero)
            return;
        endpoint.Counters.CountCheckHeard();
        // When the other has gone by then, this gateway goes on in step.
        Schedule(new CheckDue(endpoint), Next(check.Interval));
    }

    private void OnChanged(Endpoint endpoint, string detail)
    {
        if (endpoint.IsDown)
        {
            HealthLog.Down(_services.Log, _group.Name, endpoint.ToString(), detail);
        }
        else
        {
            HealthLog.Up(_services.Log, _group.Name, endpoint.ToString(), detail);
            endpoint.BeginRamp(_services.Now());
            _group.Queue.WakeAll();
        }
    }

    private void OnTellAgain()
    {
        foreach (var share in _shares.Values)
            share.TellAgain(_services.Now());
    }

    private void OnFailures(Endpoint endpoint)
    {
        if (_upstream is null || !_endpoints.TryGetValue(endpoint, out var health))
            return;
        var others = _endpoints.Keys.Count(other => other != endpoint && !other.IsHealthy);
        if (health.Eject(_upstream.Settings.Outliers, others, _endpoints.Count, _services.Now()) is not { } time)
            return;
        endpoint.Counters.CountEjection();
        HealthLog.Ejected(_services.Log, _group.Name, endpoint.ToString(), time.TotalSeconds, endpoint.Failures);
        Schedule(new TimeOver(endpoint), time + (time * (_services.Chance() / 10)));
    }

    private void OnTimeOver(Endpoint endpoint)
    {
        if (!_endpoints.TryGetValue(endpoint, out var health))
            return;
        health.TimeOver();
        HealthLog.HalfOpen(_services.Log, _group.Name, endpoint.ToString());
        _group.Queue.WakeAll();
    }

    private void OnTrial(Endpoint endpoint)
    {
        if (!_endpoints.TryGetValue(endpoint, out var health) || !health.Back(_services.Now()))
            return;
        HealthLog.Back(_services.Log, _group.Name, endpoint.ToString());
        endpoint.BeginRamp(_services.Now());
        _group.Queue.WakeAll();
    }

    private void Schedule(object due, TimeSpan after) => Timers.StartSingleTimer(due, due, after);

    /// <summary>The first one soon, but not all at once.</summary>
    private TimeSpan First(TimeSpan interval) => TimeSpan.FromTicks(Math.Min(interval.Ticks, TimeSpan.TicksPerSecond)) * _services.Chance();

    private TimeSpan Next(TimeSpan interval) => interval * (0.9 + (_services.Chance() / 5));

    private sealed record CheckDue(Endpoint Endpoint);

    private sealed record TimeOver(Endpoint Endpoint);

    /// <param name="Endpoint">Whose.</param>
    /// <param name="Result">Of the check.</param>
    /// <param name="Share">Others are told through it; null: they are not.</param>
    private sealed record CheckEnded(Endpoint Endpoint, EndpointCheck Result, CheckShare? Share);

    private sealed record CheckHeard(Endpoint Endpoint, CheckShare Share);

    private sealed record TellAgainDue
    {
        public static TellAgainDue Instance { get; } = new();
    }
}

/// <summary>What health actors need of the world.</summary>
/// <param name="Probe">Does the checks.</param>
/// <param name="Now">The loops' clock, nanoseconds.</param>
/// <param name="Chance">From 0 to below 1.</param>
/// <param name="Log">Gets what changes.</param>
/// <param name="Time">The clock that is shown.</param>
/// <param name="Shared">Other gateways that check the same; null: there are none.</param>
internal sealed record HealthServices(
    IEndpointProbe Probe,
    Func<long> Now,
    Func<double> Chance,
    ILogger Log,
    TimeProvider Time,
    ISharedChecks? Shared = null
);
