using TlsGateway.Fleet.Protocol;

namespace TlsGateway.Fleet.Membership;

/// <summary>How this process stands to the fleet.</summary>
public enum FleetStanding
{
    /// <summary>There is none.</summary>
    Off,

    /// <summary>It asks to be let in, or waits for others.</summary>
    Joining,

    /// <summary>It is one of the members.</summary>
    Member,

    /// <summary>It was put out by the others, or lost them; it begins anew, and serves meanwhile.</summary>
    Lost,

    /// <summary>It leaves, because it stops.</summary>
    Leaving,
}

/// <summary>The fleet as one member sees it.</summary>
/// <param name="Standing">Of that member.</param>
/// <param name="Since">For how long it has been so.</param>
/// <param name="Members">By name; this one included.</param>
public sealed record FleetSnapshot(FleetStanding Standing, DateTimeOffset Since, IReadOnlyList<MemberSnapshot> Members)
{
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);

    public static FleetSnapshot Off { get; } = new(FleetStanding.Off, default, []);

    /// <summary>What members that are up say differently although it should be the same; a sentence each.</summary>
    public IReadOnlyList<string> Disagreements => [.. FindDisagreements()];

    private IEnumerable<string> FindDisagreements()
    {
        var up = Members.Where(static member => member is { Status: "up", IsReachable: true, Details: not null }).ToList();
        if (Differ(up, static member => member.Details!.ConfigurationDigest) is { } configurations)
        {
            yield return $"Configurations differ: {configurations}.";
        }
        if (Differ(up, static member => member.Details!.Version) is { } versions)
        {
            yield return $"Versions differ: {versions}.";
        }
        var listeners = up.SelectMany(static member => member.Details!.Certificates).Select(static one => one.Listener).Distinct();
        foreach (var listener in listeners.Order(StringComparer.Ordinal))
        {
            if (Differ(up, member => Serials(member, listener)) is { } serials)
            {
                yield return $"Certificates of listener {listener} differ: {serials}.";
            }
        }
        // A change goes round within seconds, and a member that has come gets them within seconds.
        var settled = up.Where(static member => member.Load is not null && member.Details!.Uptime >= Settled).ToList();
        if (settled.Count > 0 && settled.Max(static one => one.Load!.KeysVersion) - settled.Min(static one => one.Load!.KeysVersion) > 1)
        {
            yield return $"Ticket keys differ: versions {Differ(settled, static member => $"{member.Load!.KeysVersion}")}.";
        }
    }

    private static string Serials(MemberSnapshot member, string listener) =>
        string.Join(
            " and ",
            member
                .Details!.Certificates.Where(one => one.Listener == listener)
                .Select(static one => one.Serial)
                .Order(StringComparer.Ordinal)
        );

    /// <summary>Who has what, when not all have the same.</summary>
    private static string? Differ(List<MemberSnapshot> members, Func<MemberSnapshot, string?> what)
    {
        var groups = members
            .GroupBy(what, StringComparer.Ordinal)
            .Where(static group => group.Key is not null)
            .OrderByDescending(static group => group.Count())
            .ToList();
        return groups.Count < 2
            ? null
            : string.Join(
                "; ",
                groups.Select(static group => $"{Name(group.Key!)} on {string.Join(", ", group.Select(static one => one.Name))}")
            );

        static string Name(string value) => value.Length == 0 ? "none" : value;
    }
}

/// <summary>A member of the fleet as another one sees it.</summary>
public sealed record MemberSnapshot
{
    /// <summary>host:port of its member port.</summary>
    public required string Address { get; init; }

    /// <summary>joining, weakly_up, up, leaving, exiting or down.</summary>
    public required string Status { get; init; }

    public required bool IsReachable { get; init; }

    public required bool IsSelf { get; init; }

    /// <summary>It does what only one member does.</summary>
    public required bool IsOldest { get; init; }

    /// <summary>Since it was last heard of; null: never.</summary>
    public required TimeSpan? HeardAgo { get; init; }

    /// <summary>Null: not told yet.</summary>
    public required MemberLoad? Load { get; init; }

    /// <summary>Null: not told yet.</summary>
    public required LocalDetails? Details { get; init; }

    /// <summary>What its operator calls it, else its address.</summary>
    public string Name => Details is { Name.Length: > 0 } details ? details.Name : Address;
}
