using System.Diagnostics;
using Akka.Actor;
using Microsoft.Extensions.Logging;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Health;

/// <summary>Looks after the endpoints of one upstream: checks them, takes out those on which connections fail, brings them back. The only writer of their health.</summary>
/// <remarks>
/// On Akka's default dispatcher, child of the system's guardian, which restarts it; its <see cref="UpstreamGroup"/> has what it needs to begin again. Mailbox: one message per generation, per
/// check that ends, and per reached limit of failures.
/// </remarks>
internal sealed class UpstreamHealthActor : ReceiveActor, IWithTimers
{
    private readonly UpstreamGroup _group;
    private readonly IEndpointProbe _probe;
    private readonly HealthServices _services;
    private readonly Dictionary<Endpoint, EndpointHealth> _endpoints = [];
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
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        if (_group.Current is { } current)
            OnUse(current);
    }

    private void OnUse(Upstream next)
    {
        var isFirst = _upstream is null;
        var wasChecked = _upstream?.Settings.HealthCheck is not null;
        _upstream = next;
        foreach (var gone in _endpoints.Keys.Except(next.Endpoints).ToList())
        {
            _endpoints.Remove(gone);
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
            if (next.Settings.HealthCheck is not { } check)
                Uncheck(health!);
            else if (isNew || !wasChecked)
                Schedule(new CheckDue(endpoint), First(check.Interval));
        }
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
        var upstream = _upstream;
        _ = CheckAsync().PipeTo(Self);

        async Task<object> CheckAsync()
        {
            using var timeout = new CancellationTokenSource(check.Timeout);
            var began = Stopwatch.GetTimestamp();
            var result = await _probe.CheckAsync(endpoint, upstream, timeout.Token).ConfigureAwait(false);
            _group.Events?.RecordCheck(_group.Name, result.Passed, Stopwatch.GetElapsedTime(began));
            return new CheckEnded(endpoint, result);
        }
    }

    private void OnCheckEnded(CheckEnded ended)
    {
        var (endpoint, result) = ended;
        if (_upstream?.Settings.HealthCheck is not { } check || !_endpoints.TryGetValue(endpoint, out var health))
            return;
        _group.Counters.CountCheck(result.Passed);
        endpoint.LastCheck = result;
        if (health.Checked(result.Passed, check))
        {
            if (endpoint.IsDown)
            {
                HealthLog.Down(_services.Log, _group.Name, endpoint.ToString(), result.Detail);
            }
            else
            {
                HealthLog.Up(_services.Log, _group.Name, endpoint.ToString(), result.Detail);
                endpoint.BeginRamp(_services.Now());
                _group.Queue.WakeAll();
            }
        }

        Schedule(new CheckDue(endpoint), Next(check.Interval));
    }

    private void OnFailures(Endpoint endpoint)
    {
        if (_upstream is null || !_endpoints.TryGetValue(endpoint, out var health))
            return;
        var others = _endpoints.Keys.Count(other => other != endpoint && !other.IsHealthy);
        if (health.Eject(_upstream.Settings.Outliers, others, _endpoints.Count, _services.Now()) is not { } time)
            return;
        _group.Counters.CountEjection();
        endpoint.CountEjection();
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

    private sealed record CheckEnded(Endpoint Endpoint, EndpointCheck Result);
}

/// <summary>What health actors need of the world.</summary>
/// <param name="Probe">Does the checks.</param>
/// <param name="Now">The loops' clock, nanoseconds.</param>
/// <param name="Chance">From 0 to below 1.</param>
/// <param name="Log">Gets what changes.</param>
internal sealed record HealthServices(IEndpointProbe Probe, Func<long> Now, Func<double> Chance, ILogger Log);
