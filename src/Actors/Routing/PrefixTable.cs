using System.Net;
using System.Net.Sockets;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Routing;

/// <summary>
/// Address prefixes (RFC 4632, RFC 4291 §2.3), each with a number, looked up by longest match: their prefix tree laid flat, as the ranges of addresses between which its answer
/// changes. A look-up halves them some seventeen times in a list of 100,000. IPv4 is looked up as IPv4-mapped IPv6, so that both share one table. Immutable; any thread.
/// </summary>
public sealed class PrefixTable
{
    private const int AddressBits = 128;

    /// <summary>The first address of each range, ascending from 0: at most two for each prefix.</summary>
    private readonly UInt128[] _starts;

    /// <summary>The number of each range; -1: none.</summary>
    private readonly int[] _numbers;

    private PrefixTable(UInt128[] starts, int[] numbers, int count) => (_starts, _numbers, Count) = (starts, numbers, count);

    public static PrefixTable Empty { get; } = new([UInt128.Zero], [-1], 0);

    /// <summary>Prefixes held, each once.</summary>
    public int Count { get; }

    /// <summary>A table whose every prefix has the number 0.</summary>
    public static PrefixTable Of(IEnumerable<IPNetwork> prefixes) => Of(prefixes.Select(static prefix => (prefix, 0)));

    /// <summary>Makes a table; of a prefix that comes twice the last number counts.</summary>
    /// <param name="prefixes">In any order; numbers are 0 or more.</param>
    public static PrefixTable Of(IEnumerable<(IPNetwork Prefix, int Number)> prefixes)
    {
        var numbers = new Dictionary<(UInt128 First, int Length), int>();
        foreach (var (prefix, number) in prefixes)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(number, nameof(prefixes));
            var isMapped = prefix.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
            var length = isMapped ? prefix.PrefixLength + 96 : prefix.PrefixLength;
            numbers[(InetEndPoint.From(prefix.BaseAddress, 0).AddressBits & ~Host(length), length)] = number;
        }

        var ranges = new Ranges(2 * numbers.Count + 1);
        // In this order a prefix comes after those that it lies in, and before those that lie in it.
        foreach (var ((first, length), number) in numbers.OrderBy(static entry => entry.Key))
            ranges.Open(first, first | Host(length), number);
        return ranges.Close(numbers.Count);
    }

    public bool Contains(in InetEndPoint endPoint) => Find(endPoint) >= 0;

    /// <summary>The number of the longest prefix that the address is in; -1: it is in none.</summary>
    public int Find(in InetEndPoint endPoint)
    {
        var address = endPoint.AddressBits;
        var starts = _starts;
        var found = 0;
        for (var left = starts.Length; left > 1; )
        {
            var half = left >> 1;
            if (starts[found + half] <= address)
                found += half;
            left -= half;
        }

        return _numbers[found];
    }

    /// <summary>The bits behind a prefix of so many.</summary>
    private static UInt128 Host(int length) => length == 0 ? UInt128.MaxValue : (UInt128.One << (AddressBits - length)) - 1;

    /// <summary>Lays nested prefixes flat.</summary>
    private sealed class Ranges(int most)
    {
        private readonly List<UInt128> _starts = new(most) { UInt128.Zero };
        private readonly List<int> _numbers = new(most) { -1 };

        /// <summary>The prefixes that the next address lies in, the longest on top.</summary>
        private readonly Stack<(UInt128 Last, int Number)> _open = new();

        public void Open(UInt128 first, UInt128 last, int number)
        {
            CloseBefore(first);
            _open.Push((last, number));
            Start(first, number);
        }

        public PrefixTable Close(int count)
        {
            CloseBefore(UInt128.MaxValue);
            return new PrefixTable([.. _starts], [.. _numbers], count);
        }

        private void CloseBefore(UInt128 address)
        {
            while (_open.TryPeek(out var inner) && inner.Last < address)
            {
                _open.Pop();
                Start(inner.Last + 1, _open.TryPeek(out var outer) ? outer.Number : -1);
            }
        }

        /// <summary>The later one counts where two begin at one address.</summary>
        private void Start(UInt128 first, int number)
        {
            if (_starts[^1] == first)
            {
                _numbers[^1] = number;
            }
            else
            {
                _starts.Add(first);
                _numbers.Add(number);
            }
        }
    }
}
