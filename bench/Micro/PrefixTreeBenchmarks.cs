using System.Net;
using BenchmarkDotNet.Attributes;
using TlsGateway.Actors.Routing;
using TlsGateway.Transport;

namespace TlsGateway.Micro;

/// <summary>A lookup in a tree of as many prefixes as a large deny list has: hits and misses by turns, over more addresses than caches hold.</summary>
[MemoryDiagnoser]
public class PrefixTreeBenchmarks
{
    private const int Addresses = 65_536;

    private readonly InetEndPoint[] _addresses = new InetEndPoint[Addresses];
    private PrefixTree _tree = PrefixTree.Empty;
    private int _next;

    [Params(1_000, 100_000)]
    public int Prefixes { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var random = new Random(17);
        var networks = new List<IPNetwork>(Prefixes);
        while (networks.Count < Prefixes)
        {
            var bytes = new byte[4];
            random.NextBytes(bytes);
            bytes[3] = 0;
            networks.Add(new IPNetwork(new IPAddress(bytes), 24));
        }

        _tree = PrefixTree.Of(networks);
        for (var i = 0; i < Addresses; i++)
        {
            var bytes = i % 2 == 0 ? networks[random.Next(Prefixes)].BaseAddress.GetAddressBytes() : new byte[4];
            if (i % 2 != 0)
                random.NextBytes(bytes);
            _addresses[i] = InetEndPoint.From(new IPAddress(bytes), 1);
        }
    }

    [Benchmark]
    public int Find() => _tree.Find(_addresses[_next++ & (Addresses - 1)]);
}
