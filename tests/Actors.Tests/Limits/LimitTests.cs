using System.Net;
using CsCheck;
using TlsGateway.Actors.Limits;
using TlsGateway.Actors.Settings;
using TlsGateway.Tests;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Tests.Limits;

public sealed class LimitTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void A_bucket_gives_a_seconds_worth_at_once_and_then_its_rate()
    {
        Seeded.ForAll(
            Gen.Select(Gen.Int[1, 5000], Gen.Long[0, 1L << 50]),
            200,
            seed: 81,
            input =>
            {
                var (rate, start) = input;
                var bucket = new RateBucket { Rate = rate };
                Assert.Equal(rate, Take(bucket, start));
                // After any time there is its part of the rate, within one for rounding.
                Assert.InRange(Take(bucket, start + (Second / 2)), (rate / 2) - 1, (rate / 2) + 1);
                // Never more than one second's worth, however long nothing was taken.
                Assert.InRange(Take(bucket, start + (1000 * Second)), rate, rate + 1);
            }
        );
    }

    [Fact]
    public void What_is_given_back_can_be_taken_again()
    {
        var bucket = new RateBucket { Rate = 10 };
        Assert.Equal(10, Take(bucket, 0));
        for (var i = 0; i < 4; i++)
            bucket.GiveBack();
        Assert.Equal(4, Take(bucket, 0));
    }

    /// <summary>Bytes are charged when they have moved; who comes next waits. Over a while the rate holds.</summary>
    [Fact]
    public void Charged_bytes_flow_at_the_rate()
    {
        Seeded.ForAll(
            Gen.Select(Gen.Int[1, 64 * 1024].Array[200], Gen.Long[10_000, 1L << 30]),
            100,
            seed: 82,
            input =>
            {
                var (pieces, rate) = input;
                var bucket = new RateBucket { Rate = rate };
                long now = 1;
                long moved = 0;
                foreach (var piece in pieces)
                {
                    now += bucket.Wait(now);
                    Assert.Equal(0, bucket.Wait(now));
                    bucket.Charge(now, piece);
                    moved += piece;
                }

                now += bucket.Wait(now);
                var seconds = (double)now / Second;
                // A tenth of a second's worth may be ahead.
                Assert.InRange(moved, (seconds * rate * 0.99) - 200, (seconds + 0.11) * rate * 1.01 + 200);
            }
        );
    }

    [Fact]
    public void No_limit_is_no_limit()
    {
        var bucket = new RateBucket();
        Assert.True(Enumerable.Range(0, 10_000).All(_ => bucket.TryTake(0)));
        bucket.Charge(0, long.MaxValue / 2);
        Assert.Equal(0, bucket.Wait(0));
    }

    [Fact]
    public void Threads_take_no_more_than_there_is()
    {
        var bucket = new RateBucket { Rate = 1000 };
        var taken = new int[4];
        var threads = Enumerable
            .Range(0, taken.Length)
            .Select(i => new Thread(() => taken[i] = Enumerable.Range(0, 1000).Count(_ => bucket.TryTake(5 * Second))))
            .ToList();
        threads.ForEach(static thread => thread.Start());
        threads.ForEach(static thread => thread.Join());
        Assert.Equal(1000, taken.Sum());
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.200", 24, 64, true)]
    [InlineData("192.0.2.1", "192.0.3.1", 24, 64, false)]
    [InlineData("192.0.2.1", "192.0.2.2", 32, 64, false)]
    [InlineData("2001:db8::1", "2001:db8::ffff:0:0:1", 32, 64, true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", 32, 64, false)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", 32, 56, true)]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1", 32, 64, true)]
    public void Addresses_of_one_network_share_its_limit(string one, string other, int ipv4, int ipv6, bool isSame)
    {
        var table = Table(new LimitSettings { Connections = 1 }, ipv4, ipv6);
        Assert.Equal(LimitVerdict.Admitted, table.TryEnter(At(one), 0, out var scope));
        Assert.Equal(isSame ? LimitVerdict.TooMany : LimitVerdict.Admitted, table.TryEnter(At(other), 0, out _));
        scope.Leave();
        Assert.Equal(LimitVerdict.Admitted, table.TryEnter(At(one), 0, out _));
    }

    [Fact]
    public void A_table_forgets_networks_that_are_gone_and_never_grows_beyond_its_bound()
    {
        const int Bound = 64 * 100;
        var table = Table(new LimitSettings { Connections = 5, ConnectionRate = 1 }, 32, 64, Bound);
        // A crowd that comes and goes.
        for (var i = 0; i < 100_000; i++)
        {
            if (table.TryEnter(Numbered(i), i * (Second / 100), out var scope) == LimitVerdict.Admitted)
                scope.Leave();
        }

        Assert.InRange(table.Count, 1, Bound);
        // One that stays: what there is no room for shares a limit instead of having none.
        var admitted = Enumerable
            .Range(0, 100_000)
            .Count(i => table.TryEnter(Numbered(i), 10_000 * Second, out _) == LimitVerdict.Admitted);
        Assert.InRange(admitted, Bound / 2, Bound + 64);
        Assert.InRange(table.Count, 1, Bound);
    }

    [Fact]
    public void A_refusal_says_whose_limit_it_is_and_takes_nothing()
    {
        var gateway = new LimitState();
        var listener = new LimitState();
        gateway.Use(new LimitSettings { Connections = 3 }, ClientLimitSettings.None);
        listener.Use(
            LimitSettings.None,
            new ClientLimitSettings
            {
                Limits = new LimitSettings { Connections = 2, HandshakeRate = 1 },
            }
        );
        Assert.Equal(CloseReason.None, Enter("192.0.2.1", out var first));
        Assert.Equal(CloseReason.None, Enter("192.0.2.1", out var second));
        Assert.Equal(CloseReason.ClientTooManyConnections, Enter("192.0.2.1", out _));
        Assert.Equal(CloseReason.None, Enter("192.0.2.2", out var third));
        Assert.Equal(CloseReason.TooManyConnections, Enter("192.0.2.3", out _));
        Assert.Equal(3, gateway.All.Open);

        Assert.Equal(CloseReason.None, first!.TakeHandshake(0));
        Assert.Equal(CloseReason.ClientHandshakeRateExceeded, second!.TakeHandshake(0));
        // It was resumed: the full one of the other may go.
        first.HandshakeWasResumed();
        first.HandshakeWasResumed();
        Assert.Equal(CloseReason.None, second.TakeHandshake(0));
        Assert.Equal(CloseReason.ClientHandshakeRateExceeded, first.TakeHandshake(0));

        first.Leave();
        second.Leave();
        third!.Leave();
        Assert.Equal(0, gateway.All.Open);

        CloseReason Enter(string client, out ConnectionLimits? limits) =>
            ConnectionLimits.Enter(gateway, listener, At(client), 0, out limits);
    }

    [Theory]
    [InlineData(79, MemoryLevel.Normal, MemoryLevel.Normal)]
    [InlineData(80, MemoryLevel.Normal, MemoryLevel.Refusing)]
    [InlineData(79, MemoryLevel.Refusing, MemoryLevel.Refusing)]
    [InlineData(77, MemoryLevel.Refusing, MemoryLevel.Normal)]
    [InlineData(88, MemoryLevel.Refusing, MemoryLevel.ClosingIdle)]
    [InlineData(87, MemoryLevel.ClosingIdle, MemoryLevel.ClosingIdle)]
    [InlineData(85, MemoryLevel.ClosingIdle, MemoryLevel.Refusing)]
    [InlineData(50, MemoryLevel.ClosingIdle, MemoryLevel.Normal)]
    public void Memory_levels_do_not_flutter(long used, object before, object expected) =>
        Assert.Equal(expected, MemoryGuard.LevelOf(used, 100, new MemorySettings(), (MemoryLevel)before));

    [Theory]
    [InlineData("0::/pod/app\n", "sys/fs/cgroup/pod/app", "memory.max", "memory.current", "inactive_file 100\n", 536_870_912, 900)]
    [InlineData("0::/pod/app\n", "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file 100\n", 536_870_912, 900)]
    [InlineData(
        "4:memory:/pod\n0::/\n",
        "sys/fs/cgroup/memory/pod",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file 250\n",
        536_870_912,
        750
    )]
    public void The_limit_of_the_control_group_is_found(
        string groups,
        string folder,
        string limitFile,
        string usageFile,
        string statistics,
        long limit,
        long used
    )
    {
        var root = Directory.CreateTempSubdirectory();
        Directory.CreateDirectory(Path.Combine(root.FullName, "proc/self"));
        Directory.CreateDirectory(Path.Combine(root.FullName, folder));
        File.WriteAllText(Path.Combine(root.FullName, "proc/self/cgroup"), groups);
        File.WriteAllText(Path.Combine(root.FullName, "proc/meminfo"), "MemTotal:       16384000 kB\n");
        File.WriteAllText(Path.Combine(root.FullName, folder, limitFile), limit + "\n");
        File.WriteAllText(Path.Combine(root.FullName, folder, usageFile), "1000\n");
        File.WriteAllText(Path.Combine(root.FullName, folder, "memory.stat"), "anon 5\n" + statistics);
        var found = MemoryUse.Find(0, root.FullName);
        Assert.Equal((limit, used), (found.Limit, found.Read()));
        // "max", or a number beyond the machine's, is no limit.
        File.WriteAllText(Path.Combine(root.FullName, folder, limitFile), "max\n");
        Assert.Equal(16_384_000L * 1024, MemoryUse.Find(0, root.FullName).Limit);
        Assert.Equal(77, MemoryUse.Find(77, root.FullName).Limit);
        root.Delete(recursive: true);
    }

    private static int Take(RateBucket bucket, long now)
    {
        var taken = 0;
        while (bucket.TryTake(now))
            taken++;
        return taken;
    }

    private static ClientTable Table(LimitSettings limits, int ipv4, int ipv6, int bound = ClientTable.MaxNetworks) =>
        new(bound)
        {
            Settings = new ClientLimitSettings
            {
                Limits = limits,
                IPv4Prefix = ipv4,
                IPv6Prefix = ipv6,
            },
        };

    private static InetEndPoint At(string address) => InetEndPoint.From(IPAddress.Parse(address), 1);

    private static InetEndPoint Numbered(int i) => InetEndPoint.From(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]), 1);
}
