using System.Net;
using CsCheck;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Settings;
using TlsGateway.Tests;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Tests.Balancing;

public sealed class BalancerTests
{
    private static readonly Gen<int[]> Weights = Gen.Int[1, 9].Array[1, 12];

    public static TheoryData<BalanceAlgorithm> Algorithms => [.. Enum.GetValues<BalanceAlgorithm>()];

    [Fact]
    public void Round_robin_gives_each_its_weight_in_every_cycle()
    {
        Seeded.ForAll(
            Gen.Select(Weights, Gen.Int[0, 50]),
            300,
            seed: 51,
            input =>
            {
                var (weights, loop) = input;
                var endpoints = Make(weights);
                var balancer = Balancer.Of(BalanceAlgorithm.RoundRobin, endpoints, (ulong)loop);
                for (var cycle = 0; cycle < 3; cycle++)
                {
                    var counts = Count(endpoints, weights.Sum(), _ => balancer.Choose(0, None)!);
                    Assert.Equal(weights, counts);
                }
            }
        );
    }

    [Fact]
    public void Round_robin_spreads_an_endpoints_turns()
    {
        var endpoints = Make([5, 1, 1]);
        var balancer = Balancer.Of(BalanceAlgorithm.RoundRobin, endpoints, seed: 0);
        var turns = Enumerable.Range(0, 7).Select(_ => balancer.Choose(0, None)!.Address.Port).ToList();
        Assert.Equal(5, turns.Count(port => port == 1));
        // nginx's example: a a b a c a a, not a a a a a b c.
        Assert.DoesNotContain(3, turns.Select((port, i) => turns.Skip(i).TakeWhile(next => next == port && port == 1).Count()));
    }

    [Fact]
    public void Loops_do_not_begin_with_the_same_endpoint()
    {
        var endpoints = Make([1, 1, 1, 1]);
        var firsts = Enumerable
            .Range(0, 4)
            .Select(loop => Balancer.Of(BalanceAlgorithm.RoundRobin, endpoints, (ulong)loop).Choose(0, None));
        Assert.Equal(4, firsts.Distinct().Count());
    }

    [Fact]
    public void Least_connections_keeps_every_endpoint_at_its_share()
    {
        Seeded.ForAll(
            Weights,
            200,
            seed: 52,
            weights =>
            {
                var endpoints = Make(weights);
                var balancer = Balancer.Of(BalanceAlgorithm.LeastConnections, endpoints, seed: 0);
                var counts = Count(
                    endpoints,
                    weights.Sum() * 10,
                    _ =>
                    {
                        var chosen = balancer.Choose(0, None)!;
                        Enter(chosen);
                        return chosen;
                    }
                );
                Assert.Equal(weights.Select(static w => w * 10), counts);
            }
        );
    }

    [Fact]
    public void Least_connections_goes_where_connections_ended()
    {
        var endpoints = Make([1, 1, 1]);
        var balancer = Balancer.Of(BalanceAlgorithm.LeastConnections, endpoints, seed: 0);
        foreach (var endpoint in endpoints)
        {
            Enter(endpoint.Endpoint);
            Enter(endpoint.Endpoint);
        }

        endpoints[1].Endpoint.Leave();
        Assert.Same(endpoints[1].Endpoint, balancer.Choose(0, None));
    }

    /// <summary>With n balls in n bins the fullest has log n / log log n by one choice, log log n by two; weights count.</summary>
    [Fact]
    public void The_better_of_two_stays_near_the_average()
    {
        var weights = Enumerable.Range(0, 40).Select(static i => (i % 4) + 1).ToArray();
        var endpoints = Make(weights);
        var balancer = Balancer.Of(BalanceAlgorithm.RandomOfTwo, endpoints, seed: 53);
        const int PerWeight = 50;
        var counts = Count(
            endpoints,
            weights.Sum() * PerWeight,
            _ =>
            {
                var chosen = balancer.Choose(0, None)!;
                Enter(chosen);
                return chosen;
            }
        );
        for (var i = 0; i < counts.Length; i++)
            Assert.InRange(counts[i], (weights[i] * PerWeight) - 12, (weights[i] * PerWeight) + 12);
    }

    [Fact]
    public void A_hash_gives_each_its_weight_and_always_the_same()
    {
        int[] weights = [1, 2, 3, 4, 8];
        var endpoints = Make(weights);
        var one = Balancer.Of(BalanceAlgorithm.HashClient, endpoints, seed: 1);
        var other = Balancer.Of(BalanceAlgorithm.HashClient, [.. endpoints.Reverse()], seed: 2);
        const int Keys = 40_000;
        var counts = Count(
            endpoints,
            Keys,
            i =>
            {
                var key = StableHash.Of(InetEndPoint.From(new IPAddress(BitConverter.GetBytes(i)), 1));
                var chosen = one.Choose(key, None)!;
                // Another loop, another member of the fleet, another order in the file.
                Assert.Same(chosen, other.Choose(key, None));
                return chosen;
            }
        );
        for (var i = 0; i < weights.Length; i++)
        {
            var expected = (double)Keys * weights[i] / weights.Sum();
            Assert.InRange(counts[i], expected * 0.93, expected * 1.07);
        }
    }

    /// <summary>Of n endpoints one more or less should move 1 key in n; Maglev moves little more (§3.4, §5.3).</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(50)]
    public void A_hash_moves_few_keys_when_an_endpoint_goes(int count)
    {
        var endpoints = Make([.. Enumerable.Repeat(1, count)]);
        var before = Balancer.Of(BalanceAlgorithm.HashServerName, endpoints, seed: 0);
        var after = Balancer.Of(BalanceAlgorithm.HashServerName, [.. endpoints.Skip(1)], seed: 0);
        const int Keys = 20_000;
        var moved = 0;
        for (var i = 0; i < Keys; i++)
        {
            var key = StableHash.Of($"host-{i}.example.com");
            var was = before.Choose(key, None)!;
            var isNow = after.Choose(key, None)!;
            if (was != endpoints[0].Endpoint && was != isNow)
                moved++;
        }

        // Keys of the endpoint that went have to move; of the others few should.
        Assert.InRange((double)moved / Keys, 0, 0.06);
    }

    [Fact]
    public void A_hash_goes_to_another_settled_endpoint_when_one_was_tried()
    {
        var endpoints = Make([1, 1, 1, 1]);
        var balancer = Balancer.Of(BalanceAlgorithm.HashClient, endpoints, seed: 0);
        var seconds = new HashSet<Endpoint>();
        for (var i = 0UL; i < 200; i++)
        {
            var key = StableHash.Of($"{i}");
            var first = balancer.Choose(key, None)!;
            var second = balancer.Choose(key, new Candidates([first]))!;
            Assert.NotSame(first, second);
            Assert.Same(second, balancer.Choose(key, new Candidates([first])));
            if (first == endpoints[0].Endpoint)
                seconds.Add(second);
        }

        // The keys of one that is dead spread over all others.
        Assert.Equal(3, seconds.Count);
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Every_endpoint_is_tried_once_and_then_there_is_none(BalanceAlgorithm algorithm)
    {
        Seeded.ForAll(
            Gen.Select(Weights, Gen.ULong),
            50,
            seed: 54,
            input =>
            {
                var (weights, key) = input;
                var endpoints = Make(weights);
                var balancer = Balancer.Of(algorithm, endpoints, seed: 3);
                List<Endpoint> tried = [];
                while (balancer.Choose(key, new Candidates(tried)) is { } next)
                {
                    Assert.DoesNotContain(next, tried);
                    tried.Add(next);
                }

                Assert.Equal(weights.Length, tried.Count);
            }
        );
        Assert.Null(Balancer.Of(algorithm, [], seed: 0).Choose(1, None));
    }

    [Fact]
    public void A_backup_is_chosen_when_every_other_was_tried()
    {
        var registry = new UpstreamRegistry(loops: 1);
        var settings = new UpstreamSettings { Name = "u", Endpoints = [At(1) with { IsBackup = true }, At(2), At(3)] };
        var upstream = registry.Make([settings])[settings];
        List<Endpoint> tried = [];
        while (upstream.Enter(0, 0, tried, now: 0) is { } next)
            tried.Add(next.Endpoint);
        Assert.Equal(1, tried[^1].Address.Port);
        Assert.Equal(3, tried.Count);
    }

    [Fact]
    public void A_reload_keeps_the_counts_of_the_endpoints_that_stay()
    {
        var registry = new UpstreamRegistry(loops: 1);
        var first = new UpstreamSettings
        {
            Name = "u",
            Endpoints = [At(1), At(2)],
            Balance = BalanceAlgorithm.LeastConnections,
        };
        Assert.NotNull(registry.Make([first])[first].Enter(0, 0, [], now: 0));
        var second = first with { Endpoints = [At(1), At(2), At(3)] };
        var made = registry.Make([second])[second];
        // The one with a connection comes last.
        List<Endpoint> order = [];
        while (made.Enter(0, 0, order, now: 0) is { } next)
            order.Add(next.Endpoint);
        Assert.Equal(2, order[^1].Connections);
        // Another upstream with the same address counts for itself.
        var other = first with
        {
            Name = "v",
        };
        Assert.Equal(1, registry.Make([other])[other].Enter(0, 0, [], now: 0)!.Value.Endpoint.Connections);
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Only_endpoints_that_admit_connections_are_chosen(BalanceAlgorithm algorithm)
    {
        Seeded.ForAll(
            Gen.Select(Weights, Gen.Int[0, 4].Array[12], Gen.ULong),
            200,
            seed: 55,
            input =>
            {
                var (weights, states, key) = input;
                var endpoints = Make(weights);
                for (var i = 0; i < endpoints.Length; i++)
                {
                    var endpoint = endpoints[i].Endpoint;
                    switch (states[i])
                    {
                        case 1:
                            endpoint.SetDown(true);
                            break;
                        case 2:
                            endpoint.SetCircuit(Circuit.Open);
                            break;
                        case 3:
                            Enter(endpoint);
                            Enter(endpoint);
                            break;
                        case 4:
                            // The one connection that it gets is there.
                            endpoint.SetCircuit(Circuit.HalfOpen);
                            Enter(endpoint);
                            break;
                    }
                }

                var chosen = Balancer.Of(algorithm, endpoints, seed: 1).Choose(key, None with { Maximum = 2 });
                var free = endpoints.Where((_, i) => states[i] == 0).Select(static e => e.Endpoint).ToList();
                if (free.Count == 0)
                    Assert.Null(chosen);
                else
                    Assert.Contains(chosen, free);
            }
        );
    }

    [Theory]
    [InlineData(BalanceAlgorithm.RoundRobin)]
    [InlineData(BalanceAlgorithm.RandomOfTwo)]
    [InlineData(BalanceAlgorithm.LeastConnections)]
    public void An_endpoint_that_comes_back_gets_its_share_little_by_little(BalanceAlgorithm algorithm)
    {
        const long SlowStart = 1000;
        int[] shares =
        [
            .. ((long[])[0, 250, 500, 1000]).Select(now =>
            {
                var endpoints = Make([1, 1]);
                endpoints[1].Endpoint.BeginRamp(0);
                var balancer = Balancer.Of(algorithm, endpoints, seed: 7);
                var candidates = None with { Now = now, SlowStartNanos = SlowStart };
                return Count(
                    endpoints,
                    1000,
                    _ =>
                    {
                        var chosen = balancer.Choose(0, candidates)!;
                        Enter(chosen);
                        return chosen;
                    }
                )[1];
            }),
        ];
        // Of weights 1 and 0.1 the second has an eleventh.
        Assert.InRange(shares[0], 60, 120);
        Assert.InRange(shares[1], 200, 300);
        Assert.InRange(shares[2], 310, 400);
        Assert.InRange(shares[3], 450, 550);
    }

    private static Candidates None => new([]);

    private static void Enter(Endpoint endpoint) => Assert.True(endpoint.TryEnter(None with { AnyHealth = true }, out _));

    private static EndpointSettings At(int port) => new(new IPEndPoint(IPAddress.Loopback, port));

    private static EndpointChoice[] Make(int[] weights) =>
        [.. weights.Select(static (weight, i) => new EndpointChoice(new Endpoint(InetEndPoint.From(IPAddress.Loopback, i + 1)), weight))];

    private static int[] Count(EndpointChoice[] endpoints, int choices, Func<int, Endpoint> choose)
    {
        var counts = new int[endpoints.Length];
        for (var i = 0; i < choices; i++)
            counts[choose(i).Address.Port - 1]++;
        return counts;
    }
}
