using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using Akka.Configuration;
using Akka.Coordination;
using k8s.Models;
using Microsoft.Extensions.Logging;
using TlsGateway.Kubernetes.Api;

namespace TlsGateway.Kubernetes.Leases;

/// <summary>
/// Akka.Coordination's lease by an object of coordination.k8s.io/v1. Every write carries the version that it is based on, and the API server refuses one that another was
/// faster than (409), so of two only one ever gets the lease.
/// <para>
/// A holder that has died leaves its name in the object, so a lease may also be taken over; never while its holder takes itself for that. The holder counts from the moment it
/// <em>sent</em> its last write that was accepted, and gives up after the heartbeat time-out. Another counts from the moment it <em>saw</em> that write, which is later, waits
/// as long and a twentieth longer, and takes over only if nothing changed meanwhile. Both use their own monotonic clock: the times in the object are for people and are never
/// compared with a clock, since clocks of two machines can be hours apart. It follows that a holder must have been observed for all of that time: the first attempt after a
/// start never takes over from another, unless <c>observe-interval</c> had it looked at before. What is assumed: clocks run equally fast within a twentieth, and whoever
/// holds the lease asks <see cref="CheckLease"/> before it acts, since a process may stand still at any point. A machine that sleeps while its monotonic clock stands
/// breaks the assumption.
/// </para>
/// <para>An owner of the same name takes the lease over at once: it is the same member, started again. Owner names must be unique among members that live.</para>
/// <para>The service account needs the verbs get, create and update on leases. Any thread.</para>
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Akka disposes of no lease, and the source has neither a timer nor a handle.")]
public sealed partial class KubernetesLease : Lease
{
    /// <summary>Each time, another changed the object between our reading and our writing.</summary>
    private const int MaxRounds = 3;

    private readonly ILeaseApi _api;
    private readonly TimeProvider _time;
    private readonly Func<double> _nextShare;
    private readonly ILogger _log;
    private readonly LeaseObservation _observation;
    private readonly LeaseTurn _turn = new();
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private volatile LeaseHold? _hold;

    /// <summary>As Akka.Coordination makes it.</summary>
    /// <param name="settings">What its configuration lacks has its default.</param>
    /// <param name="system">Its end stops renewing; releasing before is up to whoever holds the lease.</param>
    /// <exception cref="ConfigurationException">Says what is wrong and what to do.</exception>
    public KubernetesLease(LeaseSettings settings, ExtendedActorSystem system)
        : this(settings, system, KubernetesSetup.Of(system), SettingsOf(settings)) { }

    internal KubernetesLease(
        LeaseSettings settings,
        ILeaseApi api,
        TimeProvider time,
        Func<double> nextShare,
        ILogger log,
        TimeSpan? observeInterval = null
    )
        : base(settings)
    {
        Name = LeaseName.From(settings.LeaseName);
        _api = api;
        _time = time;
        _nextShare = nextShare;
        _log = log;
        _observation = new LeaseObservation(time, settings.TimeoutSettings.HeartbeatTimeout);
        if (observeInterval is { } interval)
        {
            _ = ObserveAsync(interval);
        }
    }

    private KubernetesLease(LeaseSettings settings, ExtendedActorSystem system, KubernetesSetup setup, KubernetesLeaseSettings own)
        : this(
            settings,
            new LeaseApi(ApiServers.Of(system).Get(own.Server), own.Namespace),
            setup.Time,
            setup.NextShare,
            setup.CreateLog(system, typeof(KubernetesLease)),
            own.ObserveInterval
        ) => system.RegisterOnTermination(Stop);

    /// <summary>Of the object: the lease's name, made fit for Kubernetes.</summary>
    public string Name { get; }

    private string Owner => Settings.OwnerName;

    private TimeoutSettings Times => Settings.TimeoutSettings;

    /// <summary>Held, certainly and now. Asks nobody and costs nothing.</summary>
    public override bool CheckLease() => _hold is { } hold && _time.GetTimestamp() < hold.Until;

    /// <inheritdoc cref="Acquire(Action{Exception})"/>
    public override Task<bool> Acquire() => AcquireAsync(null);

    /// <summary>True: held. False: another holds it, or was faster.</summary>
    /// <param name="leaseLostCallback">Told once, with the reason, when the lease is lost after this; not when it is released.</param>
    /// <exception cref="LeaseException">By the task: it is not known whether the lease could be had; says why.</exception>
    /// <exception cref="LeaseTimeoutException">By the task: no answer within lease-operation-timeout.</exception>
    public override Task<bool> Acquire(Action<Exception> leaseLostCallback) => AcquireAsync(leaseLostCallback);

    /// <summary>True: not held by us any more, so that another can have it at once. From the call on, <see cref="CheckLease"/> is false, whatever comes of it.</summary>
    /// <exception cref="LeaseException">By the task: it could not be released and is over after its time.</exception>
    /// <exception cref="LeaseTimeoutException">By the task: no answer within lease-operation-timeout.</exception>
    public override async Task<bool> Release()
    {
        End(_hold);
        await InTimeAsync("released", ReleaseInTurnAsync);
        return true;
    }

    private Task<bool> AcquireAsync(Action<Exception>? lost)
    {
        TaskCompletionSource<bool> outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = AcquireAsync(lost, outcome);
        return outcome.Task;
    }

    /// <summary>Whoever acquires is answered before anything can be lost.</summary>
    private async Task AcquireAsync(Action<Exception>? lost, TaskCompletionSource<bool> outcome)
    {
        LeaseHold? begun;
        try
        {
            (var isHeld, begun) = await InTimeAsync("acquired", cancellation => AcquireInTurnAsync(lost, cancellation));
            outcome.SetResult(isHeld);
        }
        catch (Exception failed)
        {
            outcome.SetException(failed);
            return;
        }
        if (begun is not null)
        {
            await KeepAsync(begun);
        }
    }

    /// <summary>Held, and what begins by that; null where it was held before.</summary>
    private async Task<(bool IsHeld, LeaseHold? Begun)> AcquireInTurnAsync(Action<Exception>? lost, CancellationToken cancellation)
    {
        if (_hold is { } held)
        {
            if (CheckLease())
            {
                held.Lost = lost;
                return (true, null);
            }
            Lose(held, TimeIsOver(null));
        }
        for (var round = 0; round < MaxRounds; round++)
        {
            var seen = await _api.GetAsync(Name, cancellation);
            var how = "";
            if (seen is not null)
            {
                _observation.Saw(seen);
                var holder = seen.Spec?.HolderIdentity;
                if (!string.IsNullOrEmpty(holder) && holder != Owner)
                {
                    if (!_observation.IsExpired)
                    {
                        return (false, null);
                    }
                    how = $", taken over from {ApiHandler.Tidy(holder)}, of which nothing was heard for all of its time";
                }
            }
            var sent = _time.GetTimestamp();
            var now = _time.GetUtcNow();
            var written = seen is null
                ? await _api.CreateAsync(LeaseSpecs.New(Name, Owner, Times.HeartbeatTimeout, now), cancellation)
                : await _api.ReplaceAsync(LeaseSpecs.Taken(seen, Owner, Times.HeartbeatTimeout, now), cancellation);
            if (written is not null)
            {
                LeaseHold hold = new(written, After(sent, Times.HeartbeatTimeout), lost);
                lock (_lock)
                {
                    // An acquisition whose time is over has failed for whoever asked for it.
                    cancellation.ThrowIfCancellationRequested();
                    _hold = hold;
                }
                _log.LeaseAcquired(Name, Owner, how);
                return (true, hold);
            }
        }
        throw new KubernetesApiException(
            ApiFault.Conflict,
            $"lease '{Name}' was changed by others {MaxRounds} times while it was being acquired."
        );
    }

    private async Task<bool> ReleaseInTurnAsync(CancellationToken cancellation)
    {
        // An acquisition that was before us in the turn.
        End(_hold);
        for (var round = 0; round < MaxRounds; round++)
        {
            var seen = await _api.GetAsync(Name, cancellation);
            if (seen is null || seen.Spec?.HolderIdentity != Owner)
            {
                return true;
            }
            if (await _api.ReplaceAsync(LeaseSpecs.Released(seen, _time.GetUtcNow()), cancellation) is not null)
            {
                _log.LeaseReleased(Name);
                return true;
            }
        }
        throw new KubernetesApiException(
            ApiFault.Conflict,
            $"lease '{Name}' was changed by others {MaxRounds} times while it was being released."
        );
    }

    /// <summary>An operation that somebody waits for: in its turn, in Akka's time, with Akka's exceptions.</summary>
    private async Task<T> InTimeAsync<T>(string what, Func<CancellationToken, Task<T>> operate)
    {
        using CancellationTokenSource timeout = new(Times.OperationTimeout, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stop.Token);
        try
        {
            return await InTurnAsync(operate, limit.Token);
        }
        catch (KubernetesApiException failed)
        {
            throw new LeaseException($"Lease '{Name}' could not be {what} by {Owner}: {failed.Message}", failed);
        }
        catch (OperationCanceledException canceled) when (timeout.IsCancellationRequested)
        {
            throw new LeaseTimeoutException(
                $"Lease '{Name}' could not be {what} by {Owner}: no answer within {Times.OperationTimeout.TotalSeconds} s.",
                canceled
            );
        }
        catch (Exception unexpected) when (unexpected is not LeaseException)
        {
            throw new LeaseException($"Lease '{Name}' could not be {what} by {Owner}: {unexpected.Message}", unexpected);
        }
    }

    private async Task<T> InTurnAsync<T>(Func<CancellationToken, Task<T>> operate, CancellationToken cancellation)
    {
        await _turn.EnterAsync(cancellation);
        try
        {
            return await operate(cancellation);
        }
        finally
        {
            _turn.Leave();
        }
    }

    /// <summary>Looks at the lease while another has it, so that a later attempt knows whether its holder is alive.</summary>
    private async Task ObserveAsync(TimeSpan interval)
    {
        while (true)
        {
            try
            {
                await Task.Delay(interval, _time, _stop.Token);
                if (_hold is not null)
                {
                    continue;
                }
                using CancellationTokenSource timeout = new(Times.OperationTimeout, _time);
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stop.Token);
                await InTurnAsync(ObserveInTurnAsync, limit.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failed)
            {
                _log.LeaseNotObserved(Name, failed.Message);
            }
        }
    }

    private async Task<bool> ObserveInTurnAsync(CancellationToken cancellation)
    {
        if (await _api.GetAsync(Name, cancellation) is { } seen)
        {
            _observation.Saw(seen);
        }
        return true;
    }

    private void Lose(LeaseHold hold, LeaseException why)
    {
        if (!End(hold))
        {
            return;
        }
        _log.LeaseLost(why.Message);
        try
        {
            hold.Lost?.Invoke(why);
        }
        catch (Exception failed)
        {
            _log.LeaseLostCallbackFailed(failed, Name);
        }
    }

    /// <summary>False: it had ended before.</summary>
    private bool End(LeaseHold? hold)
    {
        if (hold is null)
        {
            return false;
        }
        lock (_lock)
        {
            if (_hold != hold)
            {
                return false;
            }
            _hold = null;
        }
        hold.End();
        return true;
    }

    private void Stop()
    {
        _stop.Cancel();
        End(_hold);
    }

    private static KubernetesLeaseSettings SettingsOf(LeaseSettings settings) =>
        KubernetesLeaseSettings.From(
            settings.LeaseConfig.WithFallback(KubernetesDefaults.Configuration.GetConfig(KubernetesDefaults.LeasePath)),
            Environment.GetEnvironmentVariable
        );
}
