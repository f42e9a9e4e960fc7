using k8s.Models;

namespace TlsGateway.Kubernetes.Leases;

/// <summary>What is written into a Lease object.</summary>
internal static class LeaseSpecs
{
    /// <summary>A new one, held by <paramref name="owner"/>.</summary>
    public static V1Lease New(string name, string owner, TimeSpan duration, DateTimeOffset now) =>
        new()
        {
            ApiVersion = "coordination.k8s.io/v1",
            Kind = "Lease",
            Metadata = new V1ObjectMeta { Name = name },
            Spec = new V1LeaseSpec
            {
                HolderIdentity = owner,
                LeaseDurationSeconds = SecondsOf(duration),
                AcquireTime = Fraction(now),
                RenewTime = Fraction(now),
                LeaseTransitions = 0,
            },
        };

    /// <summary>Taken over from whoever held it. Carries the version of <paramref name="seen"/>.</summary>
    public static V1Lease Taken(V1Lease seen, string owner, TimeSpan duration, DateTimeOffset now)
    {
        var renewed = RenewTimeAfter(seen, now);
        var isOther = seen.Spec?.HolderIdentity != owner;
        return With(
            seen,
            new V1LeaseSpec
            {
                HolderIdentity = owner,
                LeaseDurationSeconds = SecondsOf(duration),
                AcquireTime = isOther ? renewed : seen.Spec?.AcquireTime,
                RenewTime = renewed,
                LeaseTransitions = (seen.Spec?.LeaseTransitions ?? 0) + (isOther ? 1 : 0),
            }
        );
    }

    /// <summary>Held by nobody.</summary>
    public static V1Lease Released(V1Lease seen, DateTimeOffset now) =>
        With(
            seen,
            new V1LeaseSpec
            {
                // Absent, since the API server takes no empty holder.
                HolderIdentity = null,
                LeaseDurationSeconds = seen.Spec?.LeaseDurationSeconds,
                AcquireTime = seen.Spec?.AcquireTime,
                RenewTime = RenewTimeAfter(seen, now),
                LeaseTransitions = seen.Spec?.LeaseTransitions,
            }
        );

    private static V1Lease With(V1Lease seen, V1LeaseSpec spec) =>
        new()
        {
            ApiVersion = "coordination.k8s.io/v1",
            Kind = "Lease",
            Metadata = seen.Metadata,
            Spec = spec,
        };

    /// <summary>Whole seconds, up: nobody may take it before we give it up.</summary>
    private static int SecondsOf(TimeSpan duration) => Math.Max(1, (int)Math.Min(Math.Ceiling(duration.TotalSeconds), int.MaxValue));

    /// <summary>It only has to differ from the one before, which is how others see that we are there.</summary>
    private static DateTime RenewTimeAfter(V1Lease seen, DateTimeOffset now)
    {
        var time = Fraction(now);
        return time == seen.Spec?.RenewTime?.ToUniversalTime() ? Fraction(new DateTimeOffset(time).AddMicroseconds(1)) : time;
    }

    /// <summary>
    /// In microseconds and never a whole second: the API server reads a MicroTime with six digits after the point and refuses one without, and KubernetesClient
    /// writes none where they are zero.
    /// </summary>
    private static DateTime Fraction(DateTimeOffset now)
    {
        var ticks = now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMicrosecond);
        if (ticks % TimeSpan.TicksPerSecond == 0)
        {
            ticks += TimeSpan.TicksPerMicrosecond;
        }
        return new DateTime(ticks, DateTimeKind.Utc);
    }
}
