using System.Net;
using System.Net.Sockets;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Routing;

/// <summary>
/// Address prefixes (RFC 4632, RFC 4291 §2.3), each with a number, looked up by longest match: a path-compressed binary tree in one array. IPv4 is looked up as IPv4-mapped IPv6, so
/// that both share one tree. Immutable; any thread.
/// </summary>
public sealed class PrefixTree
{
    private const int AddressBits = 128;

    /// <summary>Of ::ffff:0:0/96 (RFC 4291 §2.5.5.2) and the first half of an IPv4 address.</summary>
    private const int IndexedBits = 112;

    /// <summary>From here on the tree is deep enough to be worth 512 KiB of index.</summary>
    private const int LeastIndexed = 4096;

    private readonly Node[] _nodes;

    /// <summary>Where a look-up of an IPv4 address goes on, by the first half of it: past some seventeen nodes, each of them a cache miss in a large tree. Null: at the root.</summary>
    private readonly Start[]? _ipv4;

    private PrefixTree(Node[] nodes, int count)
    {
        (_nodes, Count) = (nodes, count);
        if (count >= LeastIndexed)
            _ipv4 = [.. Enumerable.Range(0, 1 << 16).Select(StartOf)];
    }

    public static PrefixTree Empty { get; } = new([Node.Inner(UInt128.Zero, 0)], 0);

    /// <summary>Prefixes held, each once.</summary>
    public int Count { get; }

    /// <summary>A tree whose every prefix has the number 0.</summary>
    public static PrefixTree Of(IEnumerable<IPNetwork> prefixes) => Of(prefixes.Select(static prefix => (prefix, 0)));

    /// <summary>Makes a tree; of a prefix that comes twice the last number counts.</summary>
    /// <param name="prefixes">In any order; numbers are 0 or more.</param>
    public static PrefixTree Of(IEnumerable<(IPNetwork Prefix, int Number)> prefixes)
    {
        var nodes = new List<Node> { Node.Inner(UInt128.Zero, 0) };
        var count = 0;
        foreach (var (prefix, number) in prefixes)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(number, nameof(prefixes));
            var isMapped = prefix.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
            var length = isMapped ? prefix.PrefixLength + 96 : prefix.PrefixLength;
            count += Insert(nodes, InetEndPoint.From(prefix.BaseAddress, 0).AddressBits & Mask(length), length, number) ? 1 : 0;
        }

        return count == 0 ? Empty : new PrefixTree([.. nodes], count);
    }

    public bool Contains(in InetEndPoint endPoint) => Find(endPoint) >= 0;

    /// <summary>The number of the longest prefix that the address is in; -1: it is in none.</summary>
    public int Find(in InetEndPoint endPoint)
    {
        var address = endPoint.AddressBits;
        var nodes = _nodes;
        var found = -1;
        var index = 0;
        if (_ipv4 is { } starts && endPoint.IsIPv4)
        {
            (index, found) = starts[(int)(uint)(address >> 16) & 0xffff];
            if (index == 0)
                return found;
        }

        do
        {
            ref readonly var node = ref nodes[index];
            if (((address ^ node.Bits) & Mask(node.Length)) != UInt128.Zero)
                break;
            if (node.Number >= 0)
                found = node.Number;
            if (node.Length == AddressBits)
                break;
            index = BitAt(address, node.Length) ? node.One : node.Zero;
        } while (index != 0);
        return found;
    }

    /// <summary>Where a look-up comes to with these first bits of an IPv4 address: the first node that asks for more of them, and what was found by then.</summary>
    private Start StartOf(int half)
    {
        var address = (new UInt128(0, 0xffff_0000_0000) | (UInt128)(uint)(half << 16)) & Mask(IndexedBits);
        var found = -1;
        var index = 0;
        do
        {
            ref readonly var node = ref _nodes[index];
            // The part of a longer node that is known has to fit too.
            if (((address ^ node.Bits) & Mask(Math.Min(node.Length, IndexedBits))) != UInt128.Zero)
                return new Start(0, found);
            if (node.Length > IndexedBits)
                return new Start(index, found);
            if (node.Number >= 0)
                found = node.Number;
            if (node.Length == IndexedBits)
                // Its next bit is not known: the look-up meets this node again.
                return new Start(index, found);
            index = BitAt(address, node.Length) ? node.One : node.Zero;
        } while (index != 0);
        return new Start(0, found);
    }

    /// <summary>False: the prefix was there, and has another number now.</summary>
    private static bool Insert(List<Node> nodes, UInt128 bits, int length, int number)
    {
        var index = 0;
        while (nodes[index].Length < length)
        {
            var side = BitAt(bits, nodes[index].Length);
            var child = side ? nodes[index].One : nodes[index].Zero;
            if (child == 0)
            {
                Link(nodes, index, side, Add(nodes, new Node(bits, length, number)));
                return true;
            }

            var common = Math.Min(CommonLength(bits, nodes[child].Bits), Math.Min(length, nodes[child].Length));
            if (common < nodes[child].Length)
            {
                // The way to the child parts from the prefix's, or passes it: a node goes in between.
                var between = Add(nodes, common == length ? new Node(bits, length, number) : Node.Inner(bits & Mask(common), common));
                Link(nodes, index, side, between);
                Link(nodes, between, BitAt(nodes[child].Bits, common), child);
                if (common < length)
                    Link(nodes, between, BitAt(bits, common), Add(nodes, new Node(bits, length, number)));
                return true;
            }

            index = child;
        }

        var isNew = nodes[index].Number < 0;
        nodes[index] = nodes[index] with { Number = number };
        return isNew;
    }

    private static int Add(List<Node> nodes, Node node)
    {
        nodes.Add(node);
        return nodes.Count - 1;
    }

    private static void Link(List<Node> nodes, int parent, bool side, int child) =>
        nodes[parent] = side ? nodes[parent] with { One = child } : nodes[parent] with { Zero = child };

    private static int CommonLength(UInt128 left, UInt128 right) => (int)UInt128.LeadingZeroCount(left ^ right);

    private static bool BitAt(UInt128 bits, int index) => ((bits >> (AddressBits - 1 - index)) & UInt128.One) != UInt128.Zero;

    private static UInt128 Mask(int length) => length == 0 ? UInt128.Zero : UInt128.MaxValue << (AddressBits - length);

    /// <param name="Node">0: there is nothing more to look at.</param>
    /// <param name="Number">The longest prefix so far; -1: none.</param>
    private readonly record struct Start(int Node, int Number);

    /// <param name="Bits">The prefix, zeros behind its length.</param>
    /// <param name="Length">0 to 128.</param>
    /// <param name="Number">-1: only a fork.</param>
    /// <param name="Zero">Index of the child whose next bit is 0; 0: none (the root is nobody's child).</param>
    /// <param name="One">As above, for 1.</param>
    private readonly record struct Node(UInt128 Bits, int Length, int Number, int Zero = 0, int One = 0)
    {
        public static Node Inner(UInt128 bits, int length) => new(bits, length, -1);
    }
}
