namespace TlsGateway.Fleet.Protocol;

/// <summary>What a member says of itself.</summary>
public sealed record LocalDetails
{
    /// <summary>What the operator calls it: its host's name.</summary>
    public required string Name { get; init; }

    public required string Version { get; init; }

    /// <summary>starting, ready, draining or stopping.</summary>
    public required string Phase { get; init; }

    /// <summary>Of its configuration.</summary>
    public int Generation { get; init; }

    /// <summary>Of what the configuration says; equal on members that are set to the same.</summary>
    public string ConfigurationDigest { get; init; } = "";

    public IReadOnlyList<MemberCertificate> Certificates { get; init; } = [];

    /// <summary>Null: it does not drain.</summary>
    public DrainProgress? Drain { get; init; }

    public TimeSpan Uptime { get; init; }

    /// <summary>Whose ticket keys it seals with: fleet, own or file.</summary>
    public string KeysFrom { get; init; } = "own";

    /// <summary>Of the key that seals.</summary>
    public TimeSpan KeyAge { get; init; }

    /// <summary>Connections that it may have open; 0: no limit.</summary>
    public long MaxConnections { get; init; }
}

/// <summary>A certificate that a member serves.</summary>
/// <param name="Listener">Its name.</param>
/// <param name="Name">What the operator calls the certificate.</param>
/// <param name="Serial">Hexadecimal.</param>
/// <param name="NotAfter">When it ends; whole seconds.</param>
public sealed record MemberCertificate(string Listener, string Name, string Serial, DateTimeOffset NotAfter);

/// <summary>How far a drain is.</summary>
/// <param name="AtStart">Connections that were open when it began.</param>
/// <param name="Left">That are open still.</param>
/// <param name="Since">How long it has been going on.</param>
/// <param name="AtMost">When what is left is closed.</param>
public sealed record DrainProgress(long AtStart, long Left, TimeSpan Since, TimeSpan AtMost)
{
    /// <summary>Until all is over at the rate so far, and no longer than <see cref="AtMost"/>.</summary>
    public TimeSpan Estimate
    {
        get
        {
            var gone = AtStart - Left;
            if (Left <= 0)
            {
                return TimeSpan.Zero;
            }
            if (gone <= 0)
            {
                return AtMost;
            }
            var atThisRate = Since * (Left / (double)gone);
            return atThisRate < AtMost ? atThisRate : AtMost;
        }
    }
}
