using System.Net;
using BenchmarkDotNet.Attributes;
using TlsGateway.Actors.Routing;
using TlsGateway.Transport;

namespace TlsGateway.Micro;

/// <summary>A lookup among as many prefixes as a large deny list has: hits and misses by turns, over more addresses than caches hold.</summary>
[MemoryDiagnoser]
public class PrefixTableBenchmarks
{
    private const int Addresses = 65_536;

    private readonly InetEndPoint[] _addresses = new InetEndPoint[Addresses];
    private PrefixTable _table = PrefixTable.Empty;
    private int _next;

    [Params(1_000, 100_000)]
    public int Prefixes { get; set; }

    [Params(4, 6)]
    public int Version { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var random = new Random(17);
        var networks = new List<IPNetwork>(Prefixes);
        while (networks.Count < Prefixes)
        {
            var bytes = AddressOf(random);
            var length = Version == 4 ? 24 : 32 + 4 * random.Next(5);
            bytes.AsSpan(length / 8).Clear();
            networks.Add(new IPNetwork(new IPAddress(bytes), length));
        }

        _table = PrefixTable.Of(networks);
        for (var i = 0; i < Addresses; i++)
        {
            var bytes = i % 2 == 0 ? networks[random.Next(Prefixes)].BaseAddress.GetAddressBytes() : AddressOf(random);
            _addresses[i] = InetEndPoint.From(new IPAddress(bytes), 1);
        }
    }

    /// <summary>Of IPv6, from the few blocks that are given out: 2001::/16, 2400::/12, 2600::/12, 2800::/12, 2a00::/12, 2c00::/12.</summary>
    private byte[] AddressOf(Random random)
    {
        var bytes = new byte[Version == 4 ? 4 : 16];
        random.NextBytes(bytes);
        if (Version == 6)
        {
            bytes[0] = (byte)(0x20 + 2 * random.Next(2, 7));
            bytes[1] &= 15;
            if (random.Next(8) == 0)
                (bytes[0], bytes[1]) = (0x20, 1);
        }

        return bytes;
    }

    [Benchmark]
    public int Find() => _table.Find(_addresses[_next++ & (Addresses - 1)]);
}
