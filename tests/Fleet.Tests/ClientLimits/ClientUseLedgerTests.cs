using Akka.Actor;
using Akka.Cluster;
using CsCheck;
using TlsGateway.Actors.Limits;
using TlsGateway.Fleet.ClientLimits;
using TlsGateway.Tests;

namespace TlsGateway.Fleet.Tests.ClientLimits;

public sealed class ClientUseLedgerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly ClientUseLedger _ledger = new(Patience);

    [Fact]
    public void Connections_are_added_up_and_handshakes_passed_on()
    {
        Assert.Equal([new NetworkUse(7, 3, 2)], _ledger.Hear(Told(0, 1, new NetworkUse(7, 3, 2)), default));
        Assert.Equal([new NetworkUse(7, 8, 1)], _ledger.Hear(Told(1, 1, new NetworkUse(7, 5, 1)), default));
        // What is as it was is said again, and its handshakes are new ones.
        Assert.Equal([new NetworkUse(7, 8, 4)], _ledger.Hear(Told(0, 2, new NetworkUse(7, 3, 4)), default));
        Assert.Equal([new NetworkUse(8, 1, 0), new NetworkUse(7, 5, 0)], _ledger.Hear(Told(0, 3, new NetworkUse(8, 1, 0)), default));
        Assert.Equal([new NetworkUse(7, 0, 0)], _ledger.Forget(Member(1)));
        Assert.Equal([new NetworkUse(8, 0, 0)], _ledger.Clear());
        Assert.Empty(_ledger.Clear());
    }

    [Fact]
    public void An_older_report_that_comes_late_says_nothing()
    {
        _ledger.Hear(Told(0, 2, new NetworkUse(7, 3, 2)), default);
        Assert.Empty(_ledger.Hear(Told(0, 1, new NetworkUse(7, 9, 9)), default));
        Assert.Empty(_ledger.Hear(Told(0, 2, new NetworkUse(7, 9, 9)), default));
        Assert.Equal([new NetworkUse(7, 3, 0)], _ledger.Hear(Told(0, 3, new NetworkUse(7, 3, 0)), default));
    }

    [Fact]
    public void A_silent_member_counts_for_nothing_and_comes_back()
    {
        _ledger.Hear(Told(0, 1, new NetworkUse(7, 3, 0)), TimeSpan.Zero);
        _ledger.Hear(Told(1, 1, new NetworkUse(7, 4, 0)), TimeSpan.FromSeconds(1));
        Assert.Empty(_ledger.ForgetSilent(Patience));
        Assert.Equal([new NetworkUse(7, 4, 0)], _ledger.ForgetSilent(Patience + TimeSpan.FromMilliseconds(1)));
        Assert.Equal(1, _ledger.Members);
        Assert.Equal([new NetworkUse(7, 6, 0)], _ledger.Hear(Told(0, 2, new NetworkUse(7, 2, 0)), Patience));
    }

    [Fact]
    public void A_network_that_a_member_names_twice_counts_once() =>
        Assert.Equal([new NetworkUse(7, 3, 1)], _ledger.Hear(Told(0, 1, new NetworkUse(7, 3, 1), new NetworkUse(7, 3, 1)), default));

    /// <summary>Whatever comes, the answers in their order have the sum of each member's last report.</summary>
    [Fact]
    public void The_answers_are_the_sum_of_the_last_reports() =>
        Seeded.ForAll(
            Gen.Select(Gen.Int[0, 4], Gen.Int[0, 9], Gen.Select(Gen.Int[0, 20], Gen.Int[0, 10_000_000]).Array[0, 12]).Array[60],
            200,
            seed: 311,
            static steps =>
            {
                ClientUseLedger ledger = new(Patience);
                Dictionary<int, (int At, Dictionary<int, int> Use)> last = [];
                Dictionary<UInt128, int> applied = [];
                for (var step = 0; step < steps.Length; step++)
                {
                    var (member, what, use) = steps[step];
                    var at = TimeSpan.FromSeconds(step);
                    switch (what)
                    {
                        case 0:
                            Apply(ledger.Forget(Member(member)));
                            last.Remove(member);
                            break;
                        case 1:
                            Apply(ledger.ForgetSilent(at));
                            foreach (var silent in last.Where(one => step - one.Value.At > Patience.TotalSeconds).ToList())
                            {
                                last.Remove(silent.Key);
                            }
                            break;
                        default:
                            var networks = use.DistinctBy(static one => one.Item1)
                                .ToDictionary(static one => one.Item1, static one => one.Item2);
                            Apply(
                                ledger.Hear(
                                    Told(
                                        member,
                                        step + 1,
                                        [.. networks.Select(static one => new NetworkUse((UInt128)one.Key, one.Value, 0))]
                                    ),
                                    at
                                )
                            );
                            last[member] = (step, networks);
                            break;
                    }
                    var sums = last
                        .Values.SelectMany(static one => one.Use)
                        .GroupBy(static one => (UInt128)one.Key, static one => one.Value)
                        .Select(static one => (one.Key, Sum: one.Sum()))
                        .Where(static one => one.Sum > 0)
                        .ToDictionary(static one => one.Key, static one => one.Sum);
                    Assert.Equal(
                        sums.OrderBy(static one => one.Key),
                        applied.Where(static one => one.Value > 0).OrderBy(static one => one.Key)
                    );
                }

                void Apply(IReadOnlyList<NetworkUse> answer)
                {
                    foreach (var one in answer)
                    {
                        applied[one.Network] = one.Connections;
                    }
                }
            }
        );

    private static UniqueAddress Member(int number) => new(new Address("akka.ssl.tcp", "fleet", $"gw-{number}", 4053), number);

    private static MemberClientUse Told(int member, long sequence, params NetworkUse[] networks) =>
        new(Member(member), sequence, new ClientUse(32, 64, networks));
}
