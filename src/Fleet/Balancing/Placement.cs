using System.Net;
using TlsGateway.Actors.Relaying;
using TlsGateway.Transport;

namespace TlsGateway.Fleet.Balancing;

/// <summary>
/// Which of a member's new connections others take, from one moment to the next. <see cref="BalanceActor"/> sets the share and brings what others grant; the data path asks once for each connection. Any thread; asking allocates
/// nothing and waits for nobody.
/// </summary>
public sealed class Placement : IRelayPlacement
{
    private volatile Grant[] _grants = [];
    private double _share;
    private long _arrivals;
    private long _turn;

    /// <summary>0 to 1: of new connections, what is to be handed over.</summary>
    public double Share => Volatile.Read(ref _share);

    /// <summary>For one connection that has come.</summary>
    /// <returns>Who takes it; null: this member serves it.</returns>
    public Grant? Take()
    {
        var number = Interlocked.Increment(ref _arrivals);
        var share = Volatile.Read(ref _share);
        // Evenly: with a share of a quarter each fourth one, not by chance.
        if (share <= 0 || (long)(number * share) == (long)((number - 1) * share))
        {
            return null;
        }
        var grants = _grants;
        var turn = grants.Length == 0 ? 0 : (int)((ulong)Interlocked.Increment(ref _turn) % (ulong)grants.Length);
        for (var tried = 0; tried < grants.Length; tried++)
        {
            var grant = grants[(turn + tried) % grants.Length];
            if (grant.TryTake())
            {
                return grant;
            }
        }
        return null;
    }

    RelayTarget? IRelayPlacement.Place() => Take()?.Target;

    /// <summary>Connections that have come so far.</summary>
    internal long Arrivals => Interlocked.Read(ref _arrivals);

    /// <summary>Sets the share; grants older than <paramref name="oldest"/> are worth nothing any more.</summary>
    internal void Use(double share, long oldest)
    {
        _grants = [.. _grants.Where(grant => grant.Number >= oldest && grant.Left > 0)];
        Volatile.Write(ref _share, share);
    }

    internal void Add(Grant grant) => _grants = [.. _grants, grant];

    /// <summary>Nothing is handed over any more.</summary>
    internal void Clear()
    {
        Volatile.Write(ref _share, 0);
        _grants = [];
    }
}

/// <summary>A member takes so many connections, for the next moment.</summary>
public sealed class Grant
{
    private int _left;

    internal Grant(string member, IPEndPoint address, int connections, long number) =>
        (Member, Address, Target, _left, Number) = (
            member,
            address,
            new RelayTarget(member, InetEndPoint.From(address)),
            connections,
            number
        );

    /// <summary>Who takes them.</summary>
    public string Member { get; }

    /// <summary>Of its relay port.</summary>
    public IPEndPoint Address { get; }

    /// <summary>As the data path takes it.</summary>
    internal RelayTarget Target { get; }

    internal int Left => Volatile.Read(ref _left);

    /// <summary>Of the look at which it was asked for.</summary>
    internal long Number { get; }

    internal bool TryTake() => Interlocked.Decrement(ref _left) >= 0;
}
