using System.Buffers.Binary;

namespace TlsGateway.Transport;

/// <summary>The text form of an <see cref="InetEndPoint"/> (RFC 5952), without allocation.</summary>
internal static class InetEndPointText
{
    private const int Groups = 8;

    public static bool TryFormat(in InetEndPoint endPoint, Span<char> destination, out int charsWritten)
    {
        Span<byte> address = stackalloc byte[16];
        int length = endPoint.WriteAddress(address);
        var writer = new Writer(destination);
        if (endPoint.IsIPv4)
            WriteIPv4(ref writer, address[..length]);
        else
            WriteIPv6(ref writer, address, endPoint.ScopeId);
        writer.Append(':');
        writer.Append(endPoint.Port);
        charsWritten = writer.Failed ? 0 : writer.Written;
        return !writer.Failed;
    }

    private static void WriteIPv4(ref Writer writer, scoped ReadOnlySpan<byte> address)
    {
        for (int i = 0; i < address.Length; i++)
        {
            if (i > 0)
                writer.Append('.');
            writer.Append(address[i]);
        }
    }

    private static void WriteIPv6(ref Writer writer, scoped ReadOnlySpan<byte> address, uint scopeId)
    {
        Span<ushort> groups = stackalloc ushort[Groups];
        for (int i = 0; i < Groups; i++)
            groups[i] = BinaryPrimitives.ReadUInt16BigEndian(address[(2 * i)..]);
        (int zerosAt, int zeros) = LongestZeroRun(groups);

        writer.Append('[');
        for (int i = 0; i < Groups; i++)
        {
            if (i == zerosAt)
            {
                // The colon that ends the group before is the first of the two.
                writer.Append(i == 0 ? "::" : ":");
                i += zeros - 1;
                continue;
            }

            writer.AppendHex(groups[i]);
            if (i < Groups - 1)
                writer.Append(':');
        }

        if (scopeId != 0)
        {
            writer.Append('%');
            writer.Append(scopeId);
        }

        writer.Append(']');
    }

    /// <summary>RFC 5952 §4.2: the longest run of two or more zero groups is shortened, the first of equals.</summary>
    private static (int At, int Length) LongestZeroRun(ReadOnlySpan<ushort> groups)
    {
        int at = -1;
        int best = 1;
        int run = 0;
        for (int i = 0; i < groups.Length; i++)
        {
            run = groups[i] == 0 ? run + 1 : 0;
            if (run <= best)
                continue;
            best = run;
            at = i - run + 1;
        }

        return (at, best);
    }

    private ref struct Writer(Span<char> destination)
    {
        private readonly Span<char> _destination = destination;

        public int Written { get; private set; }

        public bool Failed { get; private set; }

        public void Append(char value)
        {
            bool fits = Written < _destination.Length;
            if (fits)
                _destination[Written] = value;
            Advance(fits, 1);
        }

        public void Append(scoped ReadOnlySpan<char> value) => Advance(value.TryCopyTo(_destination[Written..]), value.Length);

        public void Append(uint value)
        {
            bool fits = value.TryFormat(_destination[Written..], out int count);
            Advance(fits, count);
        }

        public void AppendHex(ushort value)
        {
            bool fits = value.TryFormat(_destination[Written..], out int count, "x");
            Advance(fits, count);
        }

        private void Advance(bool fits, int count)
        {
            Failed |= !fits;
            if (!Failed)
                Written += count;
        }
    }
}
