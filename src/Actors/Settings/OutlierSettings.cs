namespace TlsGateway.Actors.Settings;

/// <summary>
/// When an endpoint is taken out because connections fail on it. It is a circuit breaker: taken out (open), tried with one connection at a time when its time is over (half open), back (closed)
/// when that one succeeds, else out for twice as long.
/// </summary>
public sealed record OutlierSettings
{
    /// <summary>Failures in a row: refused, timed out, failed in the TLS handshake, reset before its first byte. 0: never.</summary>
    public int Failures { get; init; } = 5;

    /// <summary>The first time out; doubled with each one that follows without a success between.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan MaximumTime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Per cent of an upstream's endpoints that may be out of use, for whatever reason, when one more is taken out; rounded down, so the only one never is.</summary>
    public int MaximumShare { get; init; } = 50;
}
