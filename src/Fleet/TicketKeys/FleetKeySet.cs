using TlsGateway.Fleet.Protocol;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Fleet.TicketKeys;

/// <summary>
/// The ticket keys of the whole fleet. Sets follow each other by version: a new key comes in as one that opens only, and seals when every member has it; so no ticket is ever given that a member cannot open.
/// </summary>
public sealed class FleetKeySet : IFleetMessage
{
    /// <param name="version">From 1.</param>
    /// <param name="keys">Newest first, 1 to <see cref="TicketKeyRing.MaxKeys"/>.</param>
    /// <param name="sealing">The place of the key that seals; -1: none yet.</param>
    public FleetKeySet(long version, IReadOnlyList<FleetKey> keys, int sealing)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        ArgumentOutOfRangeException.ThrowIfZero(keys.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(keys.Count, TicketKeyRing.MaxKeys);
        ArgumentOutOfRangeException.ThrowIfLessThan(sealing, -1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(sealing, keys.Count);
        (Version, Keys, SealingPlace) = (version, [.. keys], sealing);
    }

    public long Version { get; }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<FleetKey> Keys { get; }

    public int SealingPlace { get; }

    /// <summary>The key that new tickets are sealed with; null: members have their own until all have this set.</summary>
    public FleetKey? Sealing => SealingPlace < 0 ? null : Keys[SealingPlace];

    /// <summary>A key waits for members to have it.</summary>
    public bool HasPending => SealingPlace != 0;

    public override string ToString() => $"FleetKeySet(version {Version}, {Keys.Count} keys, sealing {SealingPlace})";
}

/// <param name="Key">Opens and perhaps seals.</param>
/// <param name="Made">By the clock of the member that made it.</param>
public sealed record FleetKey(TicketKey Key, DateTimeOffset Made);
