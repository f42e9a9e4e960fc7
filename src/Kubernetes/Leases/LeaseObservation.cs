using k8s.Models;

namespace TlsGateway.Kubernetes.Leases;

/// <summary>
/// How long a holder has not been heard of, by our clock alone: since we saw the lease change last. What its renewTime says is compared with what it said before and never
/// with a clock, so clocks that are hours apart do no harm. Clocks must run equally fast, within <see cref="DriftAllowance"/>. Under the turn of its lease.
/// </summary>
internal sealed class LeaseObservation(TimeProvider time, TimeSpan ownDuration)
{
    /// <summary>By so much a holder's clock may run slower than ours before both could take themselves for the holder.</summary>
    public const double DriftAllowance = 0.05;

    private (string? Uid, string? Holder, DateTime? RenewTime, int? Transitions, int? Seconds)? _seen;
    private long _changedAt;

    /// <summary>The lease was read; the reading began at <paramref name="askedAt"/> and ended now.</summary>
    public void Saw(V1Lease lease)
    {
        var spec = lease.Spec;
        var seen = (lease.Metadata?.Uid, spec?.HolderIdentity, spec?.RenewTime, spec?.LeaseTransitions, spec?.LeaseDurationSeconds);
        if (seen != _seen)
        {
            _seen = seen;
            _changedAt = time.GetTimestamp();
        }
    }

    /// <summary>The holder that was seen last has said nothing for all of the time that it promised to, and the allowance.</summary>
    public bool IsExpired
    {
        get
        {
            if (_seen is not { } seen)
            {
                return false;
            }
            var duration = seen.Seconds is > 0 and { } seconds ? TimeSpan.FromSeconds(seconds) : ownDuration;
            return time.GetElapsedTime(_changedAt) >= duration * (1 + DriftAllowance);
        }
    }
}
