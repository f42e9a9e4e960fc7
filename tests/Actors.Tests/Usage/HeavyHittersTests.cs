using CsCheck;
using TlsGateway.Actors.Usage;
using TlsGateway.Tests;

namespace TlsGateway.Actors.Tests.Usage;

public sealed class HeavyHittersTests
{
    [Fact]
    public void What_few_do_is_counted_to_the_one()
    {
        var hitters = new HeavyHitters();
        for (var i = 0; i < 1000; i++)
            hitters.Add(Key(i % HeavyHitters.Capacity), 1 + (i % 2));
        Assert.Equal(HeavyHitters.Capacity, hitters.Counts.Count);
        Assert.All(hitters.Counts, static count => Assert.Equal(0, count.Error));
        Assert.Equal(1500, hitters.Counts.Sum(static count => count.Amount));
    }

    /// <summary>What Space-Saving promises, whatever comes: bounded, never too low, too high by its error at most, and no heavy one is missed.</summary>
    [Fact]
    public void What_many_do_is_never_too_low_and_the_heavy_are_found() =>
        Seeded.ForAll(
            Gen.Select(Gen.Int[0, 5000], Gen.Long[1, 50]).Array[2000, 6000],
            iterations: 20,
            seed: 7,
            events =>
            {
                var hitters = new HeavyHitters();
                var truth = new Dictionary<UsageKey, long>();
                foreach (var (who, amount) in events)
                {
                    // A few are asked for over and over.
                    var key = Key(who < 2500 ? who % 7 : who);
                    hitters.Add(key, amount);
                    truth[key] = truth.GetValueOrDefault(key) + amount;
                }

                var counts = hitters.Counts;
                Assert.True(counts.Count <= HeavyHitters.Capacity);
                Assert.All(counts, count => Assert.InRange(truth[count.Key], count.Amount - count.Error, count.Amount));
                var least = truth.Values.Sum() / HeavyHitters.Capacity;
                Assert.All(truth.Where(one => one.Value > least), heavy => Assert.Contains(counts, count => count.Key == heavy.Key));
            }
        );

    [Fact]
    public void What_is_two_spans_old_is_forgotten()
    {
        var span = (long)LoopUsage.Span.TotalNanoseconds;
        var usage = new LoopUsage();
        usage.Add(UsageQuestion.Tls12, Key(1), 1, now: 0);
        usage.Add(UsageQuestion.Tls12, Key(2), 1, now: span + 1);
        Assert.Equal([Key(2), Key(1)], usage.Counts(UsageQuestion.Tls12, span + 2).Select(static count => count.Key));
        Assert.Equal([Key(2)], usage.Counts(UsageQuestion.Tls12, (2 * span) + 2).Select(static count => count.Key));
        Assert.Empty(usage.Counts(UsageQuestion.Handshakes, (2 * span) + 2));
        // Nobody asked for a long time: what was last is old too.
        usage.Add(UsageQuestion.Tls12, Key(3), 1, now: (2 * span) + 3);
        Assert.Empty(usage.Counts(UsageQuestion.Tls12, 9 * span));
    }

    private static UsageKey Key(int number) => new((UInt128)number, 32, IsIPv4: true, "www.example.org");
}
