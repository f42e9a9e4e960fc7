using TlsGateway.Actors.Balancing;
using TlsGateway.Fleet.Membership;

namespace TlsGateway.Fleet.SharedWork;

/// <summary>
/// Who does a piece of work for all, at one instant: rendezvous hashing over the members that are up, reached and not draining. Members that see the same agree; when one goes, only its work moves, and each piece
/// to the member that comes next for it. Pure.
/// </summary>
public sealed class WorkView
{
    private readonly string _self;
    private readonly HashSet<string> _doers;

    /// <param name="self">This member, as the others call it.</param>
    /// <param name="doers">Those that may do work; this one may be among them.</param>
    /// <param name="hasOthers">There are members to tell, whether they do work or not.</param>
    internal WorkView(string self, IReadOnlyList<string> doers, bool hasOthers)
    {
        (_self, Doers, HasOthers) = (self, doers, hasOthers);
        _doers = new HashSet<string>(doers, StringComparer.Ordinal);
    }

    /// <summary>There is no fleet, or this one is not a member: it does everything itself.</summary>
    public static WorkView Alone { get; } = new("", [], hasOthers: false);

    /// <summary>Members that do work, by address.</summary>
    public IReadOnlyList<string> Doers { get; }

    /// <summary>Somebody hears what is told.</summary>
    public bool HasOthers { get; }

    public static WorkView Of(FleetSnapshot fleet)
    {
        var up = fleet.Members.Where(static one => one is { Status: "up", IsReachable: true }).ToList();
        return fleet.Standing != FleetStanding.Member || up.Find(static one => one.IsSelf) is not { } self || up.Count == 1
            ? Alone
            : new WorkView(
                self.Address,
                [
                    .. up.Where(static one => one.Load is not { IsDraining: true })
                        .Select(static one => one.Address)
                        .Order(StringComparer.Ordinal),
                ],
                hasOthers: true
            );
    }

    /// <summary>This member does it.</summary>
    public bool Does(string work) => !Doers.Any(member => Outranks(member, work));

    /// <summary>How many members come before this one; 0: this one does it.</summary>
    /// <param name="work">The name of a piece of work, the same on all.</param>
    public int RankOf(string work) => Doers.Count(member => Outranks(member, work));

    /// <summary>Another member comes before this one; one that does no work comes before none.</summary>
    public bool Outranks(string member, string work)
    {
        if (member == _self || !_doers.Contains(member))
        {
            return false;
        }
        if (!_doers.Contains(_self))
        {
            return true;
        }
        var (its, own) = (Weigh(member, work), Weigh(_self, work));
        return its != own ? its > own : string.CompareOrdinal(member, _self) < 0;
    }

    /// <summary>The one that does it; null: each its own.</summary>
    public string? OwnerOf(string work) =>
        Doers.OrderByDescending(member => Weigh(member, work)).ThenBy(static member => member, StringComparer.Ordinal).FirstOrDefault();

    private static ulong Weigh(string member, string work) => StableHash.Of($"{work}@{member}");
}
