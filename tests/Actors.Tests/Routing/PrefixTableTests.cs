using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CsCheck;
using TlsGateway.Actors.Routing;
using TlsGateway.Tests;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Tests.Routing;

public sealed class PrefixTableTests
{
    /// <summary>Few distinct bits, so that prefixes contain each other, part late, and are often hit.</summary>
    private static readonly Gen<byte> Byte = Gen.Int[0, 8].Select(static i => (byte)(new[] { 0, 1, 2, 3, 64, 128, 192, 254, 255 })[i]);

    private static readonly Gen<IPAddress> Address = Gen.Bool.SelectMany(isIPv4 =>
        Byte.Array[isIPv4 ? 4 : 16].Select(static bytes => new IPAddress(bytes))
    );

    private static readonly Gen<IPNetwork> Network = Address.SelectMany(static address =>
        Gen.Int[0, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128].Select(length => NetworkOf(address, length))
    );

    [Fact]
    public void The_longest_prefix_is_found_as_by_looking_at_each()
    {
        var gen = Gen.Select(Network.Array[0, 60], Address.Array[40]);
        Seeded.ForAll(
            gen,
            200,
            seed: 41,
            input =>
            {
                var (networks, addresses) = input;
                var table = PrefixTable.Of(networks.Select(static (network, number) => (network, number)));
                Assert.Equal(networks.Distinct().Count(), table.Count);
                // The first address of each network is one more to look for.
                foreach (var address in addresses.Concat(networks.Select(static network => network.BaseAddress)))
                    Assert.Equal(ByLooking(networks, address), table.Find(InetEndPoint.From(address, 1)));
            }
        );
    }

    /// <summary>Many prefixes within each other, beside the same ones in parts.</summary>
    [Fact]
    public void A_large_table_finds_what_small_ones_do()
    {
        var random = new Random(43);
        var networks = new List<IPNetwork>();
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new byte[4];
            random.NextBytes(bytes);
            // Crowded enough that prefixes of 8 to 32 bits lie within each other.
            bytes[0] = (byte)(bytes[0] & 3);
            bytes[1] = (byte)(bytes[1] & 15);
            networks.Add(NetworkOf(new IPAddress(bytes), random.Next(6, 33)));
        }

        var large = PrefixTable.Of(networks.Select(static (network, number) => (network, number)));
        var parts = networks.Select(static (network, number) => (network, number)).Chunk(3_000).Select(PrefixTable.Of).ToList();
        Assert.True(large.Count >= 4096, $"{large.Count} prefixes");
        for (var i = 0; i < 30_000; i++)
        {
            var bytes = new byte[4];
            random.NextBytes(bytes);
            bytes[0] = (byte)(bytes[0] & 7);
            bytes[1] = (byte)(bytes[1] & 31);
            var address = InetEndPoint.From(i % 4 == 0 ? networks[i % networks.Count].BaseAddress : new IPAddress(bytes), 1);
            var found = parts.ConvertAll(part => part.Find(address)).Where(static number => number >= 0).ToList();
            // Of prefixes of one length the last counts, here as there.
            var expected =
                found.Count == 0 ? -1 : found.OrderBy(number => networks[number].PrefixLength).ThenBy(static number => number).Last();
            Assert.Equal(expected, large.Find(address));
        }
    }

    [Fact]
    public void A_mapped_address_is_its_IPv4_address()
    {
        var table = PrefixTable.Of([IPNetwork.Parse("10.0.0.0/8")]);
        Assert.True(table.Contains(InetEndPoint.From(IPAddress.Parse("::ffff:10.1.2.3"), 1)));
        Assert.False(table.Contains(InetEndPoint.From(IPAddress.Parse("::10.1.2.3"), 1)));
        Assert.False(table.Contains(InetEndPoint.From(IPAddress.Parse("11.0.0.0"), 1)));
    }

    [Fact]
    public void All_of_IPv4_is_not_all_of_IPv6()
    {
        var ipv4 = PrefixTable.Of([IPNetwork.Parse("0.0.0.0/0")]);
        Assert.True(ipv4.Contains(InetEndPoint.From(IPAddress.Broadcast, 1)));
        Assert.False(ipv4.Contains(InetEndPoint.From(IPAddress.IPv6Loopback, 1)));
        Assert.True(PrefixTable.Of([IPNetwork.Parse("::/0")]).Contains(InetEndPoint.From(IPAddress.IPv6Loopback, 1)));
    }

    [Fact]
    public void Nothing_is_in_an_empty_table()
    {
        Assert.Equal(-1, PrefixTable.Empty.Find(InetEndPoint.From(IPAddress.Loopback, 1)));
        Assert.Equal(0, PrefixTable.Empty.Count);
    }

    [Fact]
    public void A_lookup_allocates_nothing()
    {
        var table = PrefixTable.Of(Enumerable.Range(0, 1000).Select(static i => IPNetwork.Parse($"10.{i / 250}.{i % 250}.0/24")));
        var address = InetEndPoint.From(IPAddress.Parse("10.3.17.9"), 1);
        _ = table.Find(address);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            _ = table.Find(address);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static int ByLooking(IPNetwork[] networks, IPAddress address)
    {
        var (best, length) = (-1, -1);
        for (var i = 0; i < networks.Length; i++)
        {
            // IPv4 networks are the mapped ones of IPv6.
            var isIPv4 = networks[i].BaseAddress.AddressFamily == AddressFamily.InterNetwork;
            var bits = networks[i].PrefixLength + (isIPv4 ? 96 : 0);
            if (Bits(networks[i].BaseAddress)[..bits] == Bits(address)[..bits] && bits >= length)
                (best, length) = (i, bits);
        }

        return best;
    }

    private static string Bits(IPAddress address) =>
        string.Concat(address.MapToIPv6().GetAddressBytes().Select(static b => b.ToString("b8", CultureInfo.InvariantCulture)));

    private static IPNetwork NetworkOf(IPAddress address, int length)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = length; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }
}
