using System.Diagnostics.CodeAnalysis;
using k8s.Models;

namespace TlsGateway.Kubernetes.Leases;

/// <summary>From an acquisition to its end.</summary>
[SuppressMessage(
    "Design",
    "CA1001",
    Justification = "Its end may be under way on another thread, and the source has neither a timer nor a handle."
)]
internal sealed class LeaseHold(V1Lease lease, long until, Action<Exception>? lost)
{
    private readonly CancellationTokenSource _over = new();
    private long _until = until;
    private volatile Action<Exception>? _lost = lost;

    /// <summary>As the API server had it last. Under the turn.</summary>
    public V1Lease Lease { get; set; } = lease;

    /// <summary>The timestamp at which it is over unless it is renewed. Any thread.</summary>
    public long Until
    {
        get => Interlocked.Read(ref _until);
        set => Interlocked.Exchange(ref _until, value);
    }

    /// <summary>Whom to tell of the loss. Any thread.</summary>
    public Action<Exception>? Lost
    {
        get => _lost;
        set => _lost = value;
    }

    /// <summary>Lost or released: whatever renews it stops.</summary>
    public CancellationToken Over => _over.Token;

    public void End() => _over.Cancel();
}
