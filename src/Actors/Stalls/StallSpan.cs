namespace TlsGateway.Actors.Stalls;

/// <summary>A stall that has ended.</summary>
/// <param name="Key">Which.</param>
/// <param name="From">Nanoseconds of the loop's clock.</param>
/// <param name="To">As above.</param>
public readonly record struct StallSpan(StallKey Key, long From, long To)
{
    public long Nanos => To - From;
}
