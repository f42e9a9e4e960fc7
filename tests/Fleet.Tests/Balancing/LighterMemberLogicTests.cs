using Akka.Actor;
using Akka.Cluster;
using Akka.Routing;
using TlsGateway.Fleet.Balancing;
using TlsGateway.Fleet.Protocol;

namespace TlsGateway.Fleet.Tests.Balancing;

/// <summary>Whom the fleet's routing logic chooses.</summary>
public sealed class LighterMemberLogicTests : IDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create("routes", "akka.stdout-loglevel = OFF\nakka.loglevel = OFF");
    private readonly Random _random = new(20261126);
    private readonly KnownWeights _weights = new();

    public void Dispose() => _system.Dispose();

    [Fact]
    public void Equal_members_get_equal_shares()
    {
        var chosen = Choose(own: 10_000, [100, 100, 100, 100], wanted: 1, times: 4000);
        Assert.All(chosen, static count => Assert.InRange(count, 900, 1100));
    }

    [Fact]
    public void What_is_handed_over_levels_unequal_members()
    {
        double[] before = [0, 200, 400, 600];
        var chosen = Choose(own: 10_000, before, wanted: 1, times: 2000);
        var after = before.Zip(chosen, static (weight, count) => weight + count).ToArray();
        // 800 each, were the lightest chosen always; two by chance come near to it.
        Assert.All(after, static weight => Assert.InRange(weight, 700, 900));
    }

    [Fact]
    public void The_heaviest_of_several_is_never_chosen()
    {
        var chosen = Choose(own: 10_000, [100, 101, 5000], wanted: 0, times: 1000);
        Assert.Equal(0, chosen[2]);
        // By two choices of three the lightest is one of the two in two of three cases.
        Assert.InRange(chosen[0], 600, 733);
    }

    [Fact]
    public void Nobody_is_chosen_who_has_more_to_do_or_may_take_nothing()
    {
        Assert.Equal([0, 0], Choose(own: 100, [100, 300], wanted: 1, times: 50));
        var routees = Routees(2);
        // The second one drains: its weight is not known.
        _weights.Use(1000, [KeyValuePair.Create(AddressOf(0), 10.0)]);
        LighterMemberLogic logic = new(_weights, _random.NextDouble);
        for (var time = 0; time < 50; time++)
        {
            Assert.Same(routees[0], logic.Select(Question(0), routees));
        }
        Assert.Same(Routee.NoRoutee, logic.Select(Question(0), []));
    }

    private int[] Choose(double own, double[] weights, int wanted, int times)
    {
        var routees = Routees(weights.Length);
        _weights.Use(own, weights.Select(static (weight, i) => KeyValuePair.Create(AddressOf(i), weight)));
        LighterMemberLogic logic = new(_weights, _random.NextDouble);
        var chosen = new int[weights.Length];
        for (var time = 0; time < times; time++)
        {
            if (Array.IndexOf(routees, logic.Select(Question(wanted), routees)) is var index and >= 0)
            {
                chosen[index]++;
            }
        }
        return chosen;
    }

    private Routee[] Routees(int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new ActorSelectionRoutee(new ActorSelection(new At(AddressOf(i), _system.DeadLetters), "/user/balance"))),
        ];

    private static RoomQuestion Question(int wanted) => new(new UniqueAddress(AddressOf(9), 1), 1, wanted);

    private static Address AddressOf(int member) => new("akka.tcp", "fleet", $"10.0.0.{member}", 4053);

    /// <summary>The root of an ActorSystem at another address.</summary>
    private sealed class At(Address address, IActorRef dead) : MinimalActorRef
    {
        public override ActorPath Path { get; } = new RootActorPath(address);

        public override IActorRefProvider Provider => ((IInternalActorRef)dead).Provider;
    }
}
