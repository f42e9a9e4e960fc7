namespace TlsGateway.LiveView.Data;

/// <summary>The fleet as this gateway sees it.</summary>
/// <param name="Standing">Of this gateway: off (it serves alone), joining, member, lost or leaving.</param>
/// <param name="Disagreements">What members serve differently although it should be the same; a sentence each.</param>
/// <param name="Members">By name, this one included.</param>
public sealed record LiveFleet(string Standing, IReadOnlyList<string> Disagreements, IReadOnlyList<LiveMember> Members)
{
    /// <summary>This gateway serves alone.</summary>
    public static LiveFleet Off { get; } = new("off", [], []);
}

/// <summary>A member. What it has not told yet is null.</summary>
public sealed record LiveMember
{
    public required string Name { get; init; }

    /// <summary>Its member port.</summary>
    public required string Address { get; init; }

    /// <summary>joining, up, leaving, exiting, down, or unreachable.</summary>
    public required string Status { get; init; }

    public bool IsSelf { get; init; }

    /// <summary>It makes the ticket keys.</summary>
    public bool IsOldest { get; init; }

    /// <summary>starting, ready or draining.</summary>
    public string? Phase { get; init; }

    public string? Version { get; init; }

    public int? Generation { get; init; }

    public long? Connections { get; init; }

    /// <summary>That came to it and are served by other members.</summary>
    public long? Relayed { get; init; }

    public double? HandshakesPerSecond { get; init; }

    public TimeSpan? LoopDelay { get; init; }

    /// <summary>Connections stalled now, by the number of their cause.</summary>
    public IReadOnlyList<long>? StalledBy { get; init; }

    /// <summary>Of the key that seals its tickets.</summary>
    public TimeSpan? KeyAge { get; init; }

    /// <summary>Whose key that is: fleet, own or file.</summary>
    public string? KeysFrom { get; init; }

    /// <summary>The first end of its certificates.</summary>
    public DateTimeOffset? CertificateEnds { get; init; }

    /// <summary>Connections that its drain has left, and until when that is over at the rate so far; null: it does not drain.</summary>
    public (long Left, TimeSpan Estimate)? Drain { get; init; }
}
