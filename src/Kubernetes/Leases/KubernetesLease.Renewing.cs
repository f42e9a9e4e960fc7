using Akka.Coordination;
using TlsGateway.Kubernetes.Api;

namespace TlsGateway.Kubernetes.Leases;

/// <content>What keeps a lease that is held.</content>
public sealed partial class KubernetesLease
{
    /// <summary>Renews until it is lost or released. After a failure it is tried sooner, and until the time is over.</summary>
    private async Task KeepAsync(LeaseHold hold)
    {
        RetryDelays delays = new(Times.HeartbeatInterval / 8, Times.HeartbeatInterval, _nextShare);
        var wait = Times.HeartbeatInterval;
        string? problem = null;
        try
        {
            while (true)
            {
                var left = Left(hold);
                await Task.Delay(wait < left ? wait : left, _time, hold.Over);
                left = Left(hold);
                if (left <= TimeSpan.Zero)
                {
                    Lose(hold, TimeIsOver(problem));
                    return;
                }
                try
                {
                    if (await RenewInTimeAsync(hold, left) is { } taken)
                    {
                        Lose(hold, new LeaseException(taken));
                        return;
                    }
                    delays.Reset();
                    wait = Times.HeartbeatInterval;
                    problem = null;
                }
                catch (KubernetesApiException failed)
                {
                    wait = delays.Next(failed.RetryAfter);
                    problem = failed.Message;
                    _log.LeaseNotRenewed(Name, Left(hold).TotalSeconds, wait.TotalSeconds, problem);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Released, or the system is stopping.
        }
        catch (Exception unexpected)
        {
            Lose(hold, new LeaseException($"Lease '{Name}' is lost: it could not be renewed: {unexpected.Message}", unexpected));
        }
    }

    /// <summary>Null: renewed. Else why it is lost.</summary>
    /// <exception cref="KubernetesApiException">Not known; it may be tried again.</exception>
    private async Task<string?> RenewInTimeAsync(LeaseHold hold, TimeSpan left)
    {
        using CancellationTokenSource timeout = new(left < Times.OperationTimeout ? left : Times.OperationTimeout, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, hold.Over);
        try
        {
            return await InTurnAsync(cancellation => RenewInTurnAsync(hold, cancellation), limit.Token);
        }
        catch (OperationCanceledException canceled) when (!hold.Over.IsCancellationRequested)
        {
            throw new KubernetesApiException(ApiFault.NoAnswer, $"update lease '{Name}': no answer in time.", canceled);
        }
    }

    private async Task<string?> RenewInTurnAsync(LeaseHold hold, CancellationToken cancellation)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            var sent = _time.GetTimestamp();
            var renewed = LeaseSpecs.Taken(hold.Lease, Owner, Times.HeartbeatTimeout, _time.GetUtcNow());
            if (await _api.ReplaceAsync(renewed, cancellation) is { } written)
            {
                hold.Lease = written;
                hold.Until = After(sent, Times.HeartbeatTimeout);
                return null;
            }
            // Another wrote; or an earlier write of ours arrived whose answer did not.
            var seen = await _api.GetAsync(Name, cancellation);
            if (seen is null)
            {
                return $"Lease '{Name}' is lost: somebody deleted the object.";
            }
            _observation.Saw(seen);
            if (seen.Spec?.HolderIdentity != Owner)
            {
                var holder = string.IsNullOrEmpty(seen.Spec?.HolderIdentity) ? "nobody" : ApiHandler.Tidy(seen.Spec.HolderIdentity);
                return $"Lease '{Name}' is lost: it is held by {holder} now.";
            }
            hold.Lease = seen;
        }
        throw new KubernetesApiException(
            ApiFault.Conflict,
            $"lease '{Name}' was changed by others {MaxRounds} times while it was being renewed."
        );
    }

    private LeaseTimeoutException TimeIsOver(string? problem) =>
        new(
            $"Lease '{Name}' is lost: it could not be renewed within {Times.HeartbeatTimeout.TotalSeconds} s, so another may have it. "
                + (problem ?? "The process stood still for that long.")
        );

    private TimeSpan Left(LeaseHold hold)
    {
        var now = _time.GetTimestamp();
        return now < hold.Until ? _time.GetElapsedTime(now, hold.Until) : TimeSpan.Zero;
    }

    private long After(long timestamp, TimeSpan duration) => timestamp + (long)(duration.TotalSeconds * _time.TimestampFrequency);
}
