using Akka.Cluster;
using TlsGateway.Actors.Limits;

namespace TlsGateway.Fleet.ClientLimits;

/// <summary>
/// Adds up what the other members say of client networks: of each member its last report, until it has been silent for a while. Every change is answered with what networks have at all of them
/// together; a network that is not in an answer has what it had. Not for several threads.
/// </summary>
/// <param name="patience">A member that was silent for longer counts for nothing.</param>
internal sealed class ClientUseLedger(TimeSpan patience)
{
    private readonly Dictionary<UniqueAddress, Report> _reports = [];

    /// <summary>Connections at all others; networks without one are not in it.</summary>
    private readonly Dictionary<UInt128, long> _sums = [];

    /// <summary>Members that count.</summary>
    public int Members => _reports.Count;

    /// <summary>A report has come. One that is older than the last of its member says nothing.</summary>
    /// <param name="told">By whom, what.</param>
    /// <param name="at">Since any instant, the same for all.</param>
    public IReadOnlyList<NetworkUse> Hear(MemberClientUse told, TimeSpan at)
    {
        var before = _reports.GetValueOrDefault(told.Member);
        if (before is not null && told.Sequence <= before.Sequence)
        {
            return [];
        }
        Dictionary<UInt128, NetworkUse> networks = new(told.Use.Networks.Count);
        foreach (var one in told.Use.Networks)
        {
            networks.TryAdd(one.Network, one);
        }
        _reports[told.Member] = new Report(told.Sequence, at, networks);
        return Exchange(before, networks);
    }

    /// <summary>A member has gone.</summary>
    public IReadOnlyList<NetworkUse> Forget(UniqueAddress member) => _reports.Remove(member, out var report) ? Exchange(report, []) : [];

    /// <summary>Whoever has been silent for too long counts no more.</summary>
    public IReadOnlyList<NetworkUse> ForgetSilent(TimeSpan at) =>
        [.. _reports.Where(one => at - one.Value.At > patience).Select(static one => one.Key).ToList().SelectMany(Forget)];

    /// <summary>All members count no more.</summary>
    public IReadOnlyList<NetworkUse> Clear()
    {
        List<NetworkUse> gone = [.. _sums.Keys.Select(static network => new NetworkUse(network, 0, 0))];
        _reports.Clear();
        _sums.Clear();
        return gone;
    }

    private List<NetworkUse> Exchange(Report? before, Dictionary<UInt128, NetworkUse> next)
    {
        List<NetworkUse> changed = new(next.Count);
        foreach (var one in next.Values)
        {
            var sum = Add(one.Network, one.Connections - (before?.Networks.GetValueOrDefault(one.Network).Connections ?? 0));
            changed.Add(one with { Connections = sum });
        }
        foreach (var gone in before?.Networks.Values.Where(one => !next.ContainsKey(one.Network)) ?? [])
        {
            changed.Add(new NetworkUse(gone.Network, Add(gone.Network, -gone.Connections), 0));
        }
        return changed;
    }

    private int Add(UInt128 network, int connections)
    {
        var sum = _sums.GetValueOrDefault(network) + connections;
        if (sum > 0)
        {
            _sums[network] = sum;
        }
        else
        {
            _sums.Remove(network);
        }
        return (int)Math.Min(int.MaxValue, sum);
    }

    private sealed record Report(long Sequence, TimeSpan At, Dictionary<UInt128, NetworkUse> Networks);
}
