namespace TlsGateway.Kubernetes.Api;

/// <summary>How long is waited before the next attempt: what the API server asks for, else ever longer, each spread at random so that a fleet does not come back as one. One thread.</summary>
/// <param name="first">The first wait.</param>
/// <param name="longest">To which it is doubled.</param>
/// <param name="nextShare">From 0 to less than 1.</param>
internal sealed class RetryDelays(TimeSpan first, TimeSpan longest, Func<double> nextShare)
{
    private readonly TimeSpan _first = first;
    private TimeSpan _next = first;

    /// <summary>From half of the wait to all of it; where the API server asks for a time, from that to a fifth more.</summary>
    public TimeSpan Next(TimeSpan? retryAfter)
    {
        var wait = _next;
        _next = wait < longest / 2 ? wait * 2 : longest;
        return retryAfter is { } asked ? asked * (1 + nextShare() / 5) : wait * (1 - nextShare() / 2);
    }

    /// <summary>It went well.</summary>
    public void Reset() => _next = _first;
}
