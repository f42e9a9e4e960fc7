using System.Net;
using CsCheck;
using TlsGateway.Actors.Limits;
using TlsGateway.Actors.Settings;
using TlsGateway.Tests;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Tests.Limits;

public sealed class FleetClientsTests
{
    private const long Second = 1_000_000_000;
    private static readonly InetEndPoint Client = At("192.0.2.1");
    private static readonly InetEndPoint Neighbour = At("192.0.3.1");
    private static readonly UInt128 Network = ClientTable.NetworkOf(Client, ClientLimitSettings.None);

    private long _now = Second;

    [Fact]
    public void Connections_here_and_at_other_members_count_together()
    {
        var member = Member(new LimitSettings { Connections = 5 });
        member.Hear([new NetworkUse(Network, 3, 0)]);
        Assert.Equal(CloseReason.None, Enter(member, Client, out var first));
        Assert.Equal(CloseReason.None, Enter(member, Client, out _));
        Assert.Equal(CloseReason.FleetClientTooManyConnections, Enter(member, Client, out _));
        Assert.Equal(CloseReason.None, Enter(member, Neighbour, out _));
        first!.Leave();
        Assert.Equal(CloseReason.None, Enter(member, Client, out _));
        // One ended elsewhere, then all.
        member.Hear([new NetworkUse(Network, 2, 0)]);
        Assert.Equal(CloseReason.None, Enter(member, Client, out _));
        Assert.Equal(CloseReason.FleetClientTooManyConnections, Enter(member, Client, out _));
        member.Hear([new NetworkUse(Network, 0, 0)]);
        Assert.Equal(CloseReason.None, Enter(member, Client, out _));
        Assert.Equal(4, Assert.Single(member.Read(1)!.Networks, static one => one.Network == Network).Connections);
    }

    [Fact]
    public void A_network_that_has_all_elsewhere_before_it_comes_here_is_refused()
    {
        var member = Member(new LimitSettings { Connections = 5 });
        member.Hear([new NetworkUse(Network, 9, 0)]);
        Assert.Equal(CloseReason.FleetClientTooManyConnections, Enter(member, Client, out _));
        // Nothing of the refused one is left.
        Assert.Empty(member.Read(3)!.Networks);
        Assert.Equal((1, 9L), (member.Snapshot!.Elsewhere, member.Snapshot.ConnectionsElsewhere));
    }

    [Fact]
    public void Handshakes_at_other_members_are_taken_off_the_rate_here()
    {
        var member = Member(new LimitSettings { HandshakeRate = 10 });
        Enter(member, Client, out var limits);
        member.Hear([new NetworkUse(Network, 0, 8)]);
        Assert.Equal(2, Handshakes(limits!));
        // As many as were made elsewhere are paid off before there are any here.
        member.Hear([new NetworkUse(Network, 0, 20)]);
        _now += 2 * Second;
        Assert.Equal(0, Handshakes(limits!));
        _now += Second;
        Assert.Equal(10, Handshakes(limits!));
        Assert.Equal(new NetworkUse(Network, 1, 12), Assert.Single(member.Read(3)!.Networks));
        Assert.Empty(member.Read(3)!.Networks);
    }

    [Fact]
    public void What_is_said_of_handshakes_keeps_nobody_waiting_for_more_than_a_minute()
    {
        var member = Member(new LimitSettings { HandshakeRate = 10 });
        Enter(member, Client, out var limits);
        for (var i = 0; i < 2000; i++)
            member.Hear([new NetworkUse(Network, 0, int.MaxValue)]);
        _now += 59 * Second;
        Assert.Equal(0, Handshakes(limits!));
        _now += Second;
        Assert.Equal(10, Handshakes(limits!));
    }

    /// <summary>One whose answer comes after the report was told of before: it goes off the next.</summary>
    [Fact]
    public void Resumed_handshakes_are_not_told()
    {
        var member = Member(new LimitSettings { HandshakeRate = 100 });
        var open = Enumerable.Range(0, 10).Select(_ => Entered(member)).ToList();
        open.ForEach(one => Assert.Equal(CloseReason.None, one.TakeHandshake(_now)));
        open.Take(4).ToList().ForEach(static one => one.HandshakeWasResumed());
        Assert.Equal(6, Assert.Single(member.Read(3)!.Networks).Handshakes);
        open.Skip(4).Take(2).ToList().ForEach(static one => one.HandshakeWasResumed());
        open.Take(3).ToList().ForEach(one => Assert.Equal(CloseReason.None, one.TakeHandshake(_now)));
        Assert.Empty(member.Read(3)!.Networks);
        open.Take(4).ToList().ForEach(one => Assert.Equal(CloseReason.None, one.TakeHandshake(_now)));
        Assert.Equal(4, Assert.Single(member.Read(3)!.Networks).Handshakes);
    }

    [Fact]
    public void The_thousand_heaviest_networks_are_told()
    {
        var member = Member(new LimitSettings { Connections = 100 });
        for (var network = 0; network < 3000; network++)
        {
            for (var i = 0; i < (network % 3 == 0 ? 8 : 6); i++)
                Assert.Equal(CloseReason.None, Enter(member, Numbered(network), out _));
        }

        var told = member.Read(2)!.Networks;
        Assert.Equal(FleetClients.MostTold, told.Count);
        Assert.All(told, static one => Assert.Equal(8, one.Connections));
        Assert.Equal((FleetClients.MostTold, 2000), (member.Snapshot!.Told, member.Snapshot.LeftOut));
        // A network with less than its part is none to tell of.
        Assert.Empty(member.Read(1)!.Networks);
    }

    /// <summary>What documentation says of it: an eighth of the limit, at most, is at others without being told.</summary>
    [Fact]
    public void What_is_not_told_is_less_than_an_eighth_of_the_limit() =>
        Seeded.ForAll(
            Gen.Select(Gen.Int[1, 10_000_000], Gen.Int[0, 200]),
            2000,
            seed: 301,
            static input =>
            {
                var (limit, members) = input;
                var untold = (long)Math.Max(0, members - 1) * (FleetClients.LeastTold(limit, members) - 1);
                Assert.InRange(untold, 0, limit / 8);
            }
        );

    /// <summary>Members that tell each other at any times: never more than the limit, what the others have not told yet, and what they do not tell.</summary>
    [Fact]
    public void More_is_let_in_by_what_is_not_told_and_nothing_else() =>
        Seeded.ForAll(
            Gen.Select(Gen.Int[1, 5], Gen.Int[1, 200], Gen.Int[0, 99].Array[500], Gen.Int[1, 99]),
            300,
            seed: 302,
            input =>
            {
                var (count, limit, steps, tellPart) = input;
                var members = Enumerable.Range(0, count).Select(_ => Member(new LimitSettings { Connections = limit })).ToArray();
                var open = members.Select(static _ => new Stack<ConnectionLimits>()).ToArray();
                var told = new int[count];
                for (var step = 0; step < steps.Length; step++)
                {
                    var at = (steps[step] + step) % count;
                    if (steps[step] < tellPart)
                    {
                        told[at] = members[at].Read(count)!.Networks.Sum(static one => one.Connections);
                        for (var i = 0; i < count; i++)
                            members[i].Hear([new NetworkUse(Network, told.Sum() - told[i], 0)]);
                    }
                    else if (steps[step] == 99)
                    {
                        if (open[at].TryPop(out var ended))
                            ended.Leave();
                    }
                    else if (Enter(members[at], Client, out var limits) == CloseReason.None)
                    {
                        open[at].Push(limits!);
                        var untold = Enumerable.Range(0, count).Where(i => i != at).Sum(i => Math.Max(0, open[i].Count - told[i]));
                        Assert.InRange(open.Sum(static one => one.Count), 1, limit + untold);
                    }
                    else
                    {
                        // None is refused that has room by what is known.
                        Assert.True(open[at].Count + told.Sum() - told[at] >= limit);
                    }
                }
            }
        );

    /// <summary>In the long run the rate holds for all members together, however the client spreads: what was too much in a second is paid off in the next.</summary>
    [Fact]
    public void The_handshake_rate_of_all_members_is_the_limit_in_the_long_run() =>
        Seeded.ForAll(
            Gen.Select(Gen.Int[1, 5], Gen.Int[5, 200], Gen.Double[0.5, 5.0], Gen.Int[0, 1000]),
            60,
            seed: 303,
            input =>
            {
                const int Seconds = 60;
                var (count, rate, load, spread) = input;
                var members = Enumerable.Range(0, count).Select(_ => Member(new LimitSettings { HandshakeRate = rate })).ToArray();
                var limits = members.Select(Entered).ToArray();
                var (admitted, arrivals) = (0, (int)(rate * load));
                for (var second = 0; second < Seconds; second++)
                {
                    for (var i = 0; i < arrivals; i++)
                    {
                        _now += Second / arrivals;
                        if (limits[(int)((long)i * (spread + 1) % count)].TakeHandshake(_now) == CloseReason.None)
                            admitted++;
                    }

                    var told = members.Select(one => one.Read(count)!.Networks.Sum(static network => network.Handshakes)).ToArray();
                    for (var i = 0; i < count; i++)
                        members[i].Hear([new NetworkUse(Network, 0, told.Sum() - told[i])]);
                }

                // A second's worth at once and another within the first second, at each; an eighth is not told.
                Assert.InRange(admitted, 0, (rate * Seconds * 9 / 8) + (2 * count * rate) + count);
                if (load <= 1)
                    Assert.InRange(admitted, arrivals * Seconds * 0.9, arrivals * Seconds);
            }
        );

    [Fact]
    public void Without_a_limit_nothing_is_counted_or_told()
    {
        var member = Member(LimitSettings.None);
        Assert.Equal(CloseReason.None, Enter(member, Client, out var limits));
        Assert.Null(limits);
        Assert.Null(member.Read(3));
        Assert.Null(member.Snapshot);
    }

    [Fact]
    public void Members_that_cut_networks_in_another_way_do_not_fit()
    {
        var use = Member(new LimitSettings { Connections = 5 }).Read(1)!;
        Assert.True(use.FitsWith(use with { Networks = [] }));
        Assert.False(use.FitsWith(use with { IPv4Prefix = 24 }));
        Assert.False(use.FitsWith(use with { IPv6Prefix = 56 }));
    }

    [Fact]
    public void To_take_a_place_allocates_nothing()
    {
        var member = Member(new LimitSettings { Connections = 50, HandshakeRate = 1000 });
        member.Hear([new NetworkUse(Network, 10, 10)]);
        Assert.Equal(LimitVerdict.Admitted, member.Table.TryEnter(Client, _now, out _));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            if (member.Table.TryEnter(Client, _now, out var scope) == LimitVerdict.Admitted && scope.HandshakeRate.TryTake(_now))
                scope.CountHandshake(1);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private FleetClients Member(LimitSettings limits)
    {
        var member = new FleetClients(() => _now);
        member.Use(new ClientLimitSettings { Limits = limits });
        return member;
    }

    private CloseReason Enter(FleetClients member, InetEndPoint client, out ConnectionLimits? limits) =>
        ConnectionLimits.Enter(new LimitState { Fleet = member }, Unlimited, client, _now, out limits);

    private ConnectionLimits Entered(FleetClients member)
    {
        Assert.Equal(CloseReason.None, Enter(member, Client, out var limits));
        return limits!;
    }

    private int Handshakes(ConnectionLimits limits)
    {
        var taken = 0;
        while (limits.TakeHandshake(_now) == CloseReason.None)
            taken++;
        return taken;
    }

    private static LimitState Unlimited { get; } = new();

    private static InetEndPoint At(string address) => InetEndPoint.From(IPAddress.Parse(address), 1);

    private static InetEndPoint Numbered(int i) => InetEndPoint.From(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]), 1);
}
