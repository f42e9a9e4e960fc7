using TlsGateway.Tls.Tickets;

namespace TlsGateway.Fleet.TicketKeys;

/// <summary>Decides which set of ticket keys follows another. Pure.</summary>
/// <param name="RotateEvery">Time from one sealing key to the next.</param>
/// <param name="Keep">Old keys that still open.</param>
public sealed record KeySchedule(TimeSpan RotateEvery, int Keep)
{
    /// <summary>The next set, or null when there is nothing to do.</summary>
    /// <param name="current">Null: the fleet has none.</param>
    /// <param name="inherited">A key that this member got from a fleet before, to begin a new one with; null: none.</param>
    /// <param name="now">The time.</param>
    /// <param name="allHave">Every member that is up has the version of <paramref name="current"/>, those included that are not reached at present.</param>
    public FleetKeySet? Next(FleetKeySet? current, FleetKey? inherited, DateTimeOffset now, bool allHave)
    {
        if (current is null)
        {
            return new FleetKeySet(1, [inherited ?? new FleetKey(TicketKey.Create(), now)], sealing: -1);
        }
        if (current.HasPending)
        {
            // A member that is not reached delays this until it is back, or has been removed: what it could not open is not handed out.
            return allHave ? new FleetKeySet(current.Version + 1, [.. current.Keys.Take(1 + Keep)], sealing: 0) : null;
        }
        // A clock that went back makes a key from the future: it is as old as it will ever be.
        var age = now - current.Keys[0].Made;
        if (age < RotateEvery && age > -RotateEvery)
        {
            return null;
        }
        return new FleetKeySet(
            current.Version + 1,
            [new FleetKey(TicketKey.Create(), now), .. current.Keys.Take(Math.Min(1 + Keep, TicketKeyRing.MaxKeys - 1))],
            sealing: 1
        );
    }
}
