using System.Net;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Tests.Balancing;

/// <summary>Which endpoint a connection gets when some are full, down or out.</summary>
public sealed class UpstreamTests
{
    [Fact]
    public void No_endpoint_gets_more_than_its_maximum_however_many_loops_ask()
    {
        const int Loops = 4;
        var (upstream, _) = Make(
            new UpstreamSettings
            {
                Name = "u",
                Endpoints = At(3),
                MaxConnections = 50,
            },
            Loops
        );
        var entered = new int[Loops];
        var threads = Enumerable
            .Range(0, Loops)
            .Select(loop => new Thread(() =>
            {
                while (upstream.Enter(loop, 0, [], now: 0) is not null)
                    entered[loop]++;
            }))
            .ToList();
        threads.ForEach(static thread => thread.Start());
        threads.ForEach(static thread => thread.Join());
        Assert.Equal(150, entered.Sum());
        Assert.All(upstream.Endpoints, static endpoint => Assert.Equal(50, endpoint.Connections));
        Assert.True(upstream.IsFull([]));
        Assert.False(upstream.IsFull(upstream.Endpoints));
    }

    [Fact]
    public void When_none_can_be_used_all_are_tried()
    {
        var (upstream, _) = Make(new UpstreamSettings { Name = "u", Endpoints = At(2) });
        foreach (var endpoint in upstream.Endpoints)
            endpoint.SetDown(true);
        var first = upstream.Enter(0, 0, [], now: 0)!.Value.Endpoint;
        var second = upstream.Enter(0, 0, [first], now: 0)!.Value.Endpoint;
        Assert.NotSame(first, second);
        Assert.Null(upstream.Enter(0, 0, [first, second], now: 0));
    }

    [Fact]
    public void When_too_few_can_be_used_those_are_not_left_alone_with_all_of_it()
    {
        var (upstream, _) = Make(
            new UpstreamSettings
            {
                Name = "u",
                Endpoints = At(4),
                PanicShare = 50,
            }
        );
        Mark(down: 2);
        Assert.Equal([0, 0, 20, 20], Share());
        Mark(down: 3);
        Assert.Equal([10, 10, 10, 10], Share());

        void Mark(int down)
        {
            for (var i = 0; i < upstream.Endpoints.Count; i++)
                upstream.Endpoints[i].SetDown(i < down);
        }

        int[] Share()
        {
            var chosen = Enumerable.Range(0, 40).Select(_ => upstream.Enter(0, 0, [], now: 0)!.Value.Endpoint).ToList();
            return [.. upstream.Endpoints.Select(endpoint => chosen.Count(endpoint.Equals))];
        }
    }

    [Fact]
    public void A_half_open_endpoint_gets_one_connection_at_a_time()
    {
        var (upstream, _) = Make(new UpstreamSettings { Name = "u", Endpoints = At(2) });
        var endpoint = upstream.Endpoints[0];
        endpoint.SetCircuit(Circuit.HalfOpen);
        var uses = Enumerable.Range(0, 10).Select(_ => upstream.Enter(0, 0, [], now: 0)!.Value).ToList();
        var trial = Assert.Single(uses, use => use.Endpoint == endpoint);
        Assert.True(trial.IsTrial);
        // Its client went before anything was known: another one may try.
        trial.End(isUndecided: true);
        Assert.Contains(Enumerable.Range(0, 2).Select(_ => upstream.Enter(0, 0, [], now: 0)!.Value.Endpoint), endpoint.Equals);
    }

    [Fact]
    public void A_reload_forgets_the_endpoints_that_go()
    {
        var registry = new UpstreamRegistry(loops: 1);
        var settings = new UpstreamSettings { Name = "u", Endpoints = At(2) };
        var gone = registry.Make([settings])[settings].Endpoints[1];
        gone.SetDown(true);
        var fewer = settings with { Endpoints = At(1) };
        registry.Make([fewer]);
        var again = settings with { Queue = new QueueSettings() };
        Assert.False(registry.Make([again])[again].Endpoints[1].IsDown);
    }

    private static (Upstream Upstream, UpstreamRegistry Registry) Make(UpstreamSettings settings, int loops = 1)
    {
        var registry = new UpstreamRegistry(loops);
        return (registry.Make([settings])[settings], registry);
    }

    private static List<EndpointSettings> At(int count) =>
        [.. Enumerable.Range(1, count).Select(static port => new EndpointSettings(new IPEndPoint(IPAddress.Loopback, port)))];
}
