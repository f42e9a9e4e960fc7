using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Settings;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Limits;

/// <summary>
/// Limits that hold for a client network over a whole fleet: what it has here is counted here, what it has at other members is what they said last. So more than the limit may be let in, by as much as
/// comes before they have said it, and less never, but for connections that ended elsewhere a moment ago. Any thread.
/// </summary>
/// <param name="clock">The loops'.</param>
public sealed class FleetClients(Func<long> clock) : IFleetClients
{
    /// <summary>Networks in one report, the heaviest: some 30 KB.</summary>
    public const int MostTold = 1000;

    /// <summary>A network is told from this part of a member's share on: so much of the limit may be open at others, unknown here.</summary>
    private const int PartsOfShare = 8;

    /// <summary>Handshakes elsewhere keep a network waiting no longer, whatever was said.</summary>
    private const long MostDebtNanos = 60_000_000_000;

    private readonly ClientTable _table = new();
    private readonly Lock _lock = new();

    /// <summary>Connections of networks at the other members. As many networks as these tell.</summary>
    private readonly Dictionary<UInt128, int> _elsewhere = [];
    private volatile bool _isOn;
    private int _told;
    private int _leftOut;

    /// <summary>How the limit stands; null: there is none.</summary>
    public FleetClientsSnapshot? Snapshot
    {
        get
        {
            if (!_isOn)
                return null;
            lock (_lock)
                return new FleetClientsSnapshot(
                    _table.Settings,
                    _told,
                    _leftOut,
                    _elsewhere.Count,
                    _elsewhere.Values.Sum(static connections => (long)connections)
                );
        }
    }

    /// <summary>There is such a limit.</summary>
    internal bool IsOn => _isOn;

    internal ClientTable Table => _table;

    public ClientUse? Read(int members)
    {
        if (!_isOn)
            return null;
        var settings = _table.Settings;
        var (connections, handshakes) = (
            LeastTold(settings.Limits.Connections, members),
            LeastTold(settings.Limits.HandshakeRate, members)
        );
        var heaviest = new PriorityQueue<NetworkUse, double>();
        var leftOut = 0;
        _table.Visit(
            (network, scope) =>
            {
                var use = new NetworkUse(network, scope.Open, scope.TakeHandshakes());
                if (use.Connections < connections && use.Handshakes < handshakes)
                    return;
                heaviest.Enqueue(use, Weight(use, settings.Limits));
                if (heaviest.Count <= MostTold)
                    return;
                heaviest.Dequeue();
                leftOut++;
            }
        );
        lock (_lock)
            (_told, _leftOut) = (heaviest.Count, leftOut);
        return new ClientUse(
            settings.IPv4Prefix,
            settings.IPv6Prefix,
            [.. heaviest.UnorderedItems.Select(static one => one.Element).OrderBy(static one => one.Network)]
        );
    }

    public void Hear(IReadOnlyList<NetworkUse> elsewhere)
    {
        var now = clock();
        lock (_lock)
        {
            foreach (var use in elsewhere)
            {
                if (use.Connections > 0)
                    _elsewhere[use.Network] = use.Connections;
                else
                    _elsewhere.Remove(use.Network);
                _table.Hear(use, now, MostDebtNanos);
            }
        }
    }

    /// <summary>A reload's; what was taken so far stays.</summary>
    internal void Use(ClientLimitSettings settings)
    {
        _table.Settings = settings;
        _isOn = settings.Limits.IsAny;
    }

    /// <summary>From how much on a network is told. A limit that is not set has none: nothing is told because of it.</summary>
    internal static int LeastTold(int limit, int members) =>
        limit == 0 ? int.MaxValue : Math.Max(1, limit / (PartsOfShare * Math.Max(1, members)));

    /// <summary>Its part of a limit, the larger of the two.</summary>
    private static double Weight(in NetworkUse use, LimitSettings limits) =>
        Math.Max(Part(use.Connections, limits.Connections), Part(use.Handshakes, limits.HandshakeRate));

    private static double Part(int used, int limit) => limit == 0 ? 0 : (double)used / limit;
}
