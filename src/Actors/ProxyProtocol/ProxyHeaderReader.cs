using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using TlsGateway.Transport;

namespace TlsGateway.Actors.ProxyProtocol;

/// <summary>Reads PROXY headers from what a peer sent first. Any bytes: it ends with a header, with the wish for more, or with a reason.</summary>
public static class ProxyHeaderReader
{
    /// <summary>§2.1: the longest line, CR and LF included.</summary>
    private const int LongestLine = 107;

    /// <summary>Of version 2. The protocol allows 65,551; what proxies send is a few hundred.</summary>
    private const int LongestBinary = 4096;

    /// <summary>Reads the header at the start of <paramref name="bytes"/>.</summary>
    /// <param name="bytes">All that came so far.</param>
    /// <param name="header">With <see cref="ProxyHeaderStatus.Complete"/>.</param>
    /// <param name="length">Its bytes; what follows is the connection's.</param>
    /// <param name="problem">With <see cref="ProxyHeaderStatus.Malformed"/>: what is wrong, for the log.</param>
    public static ProxyHeaderStatus Read(ReadOnlySpan<byte> bytes, out ProxyHeader? header, out int length, out string problem)
    {
        header = null;
        length = 0;
        problem = "";
        var signature = ProxyWire.Signature;
        var common = Math.Min(bytes.Length, signature.Length);
        if (bytes[..common].SequenceEqual(signature[..common]))
            return common < signature.Length ? ProxyHeaderStatus.NeedMore : ReadBinary(bytes, out header, out length, out problem);
        var start = Math.Min(bytes.Length, 6);
        if (bytes[..start].SequenceEqual("PROXY "u8[..start]))
            return ReadLine(bytes, out header, out length, out problem);
        return Malformed("it does not begin with a PROXY header", out problem);
    }

    private static ProxyHeaderStatus ReadLine(ReadOnlySpan<byte> bytes, out ProxyHeader? header, out int length, out string problem)
    {
        header = null;
        problem = "";
        length = 0;
        var end = bytes[..Math.Min(bytes.Length, LongestLine)].IndexOf("\r\n"u8);
        if (end < 0)
            return bytes.Length < LongestLine ? ProxyHeaderStatus.NeedMore : Malformed("its line has no end", out problem);
        length = end + 2;
        var parts = Encoding.Latin1.GetString(bytes[..end]).Split(' ');
        if (parts[1] == "UNKNOWN")
        {
            header = new ProxyHeader();
            return ProxyHeaderStatus.Complete;
        }

        var family = parts[1] switch
        {
            "TCP4" => AddressFamily.InterNetwork,
            "TCP6" => AddressFamily.InterNetworkV6,
            _ => AddressFamily.Unspecified,
        };
        if (
            parts.Length != 6
            || !TryRead(parts[2], parts[4], family, out var source)
            || !TryRead(parts[3], parts[5], family, out var destination)
        )
            return Malformed("its line is not PROXY TCP4|TCP6 address address port port", out problem);
        header = new ProxyHeader { Source = source, Destination = destination };
        return ProxyHeaderStatus.Complete;
    }

    private static ProxyHeaderStatus ReadBinary(ReadOnlySpan<byte> bytes, out ProxyHeader? header, out int length, out string problem)
    {
        header = null;
        problem = "";
        length = 0;
        if (bytes.Length < ProxyWire.FixedBytes)
            return ProxyHeaderStatus.NeedMore;
        var total = ProxyWire.FixedBytes + BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if (bytes[12] is not (ProxyWire.CommandLocal or ProxyWire.CommandProxy))
            return Malformed($"its version and command are 0x{bytes[12]:x2}", out problem);
        if (total > LongestBinary)
            return Malformed($"it has {total} bytes, more than {LongestBinary}", out problem);
        if (bytes.Length < total)
            return ProxyHeaderStatus.NeedMore;
        length = total;
        var isLocal = bytes[12] == ProxyWire.CommandLocal;
        var addresses = bytes[13] switch
        {
            ProxyWire.FamilyTcp4 => 12,
            ProxyWire.FamilyTcp6 => 36,
            _ => 0,
        };
        if (total < ProxyWire.FixedBytes + addresses)
            return Malformed("it ends within its addresses", out problem);
        var read = new ProxyHeader { IsLocal = isLocal };
        if (addresses > 0 && !isLocal)
            read = WithAddresses(read, bytes.Slice(ProxyWire.FixedBytes, addresses));
        // Of a family that is not TCP over IP the addresses' length is not known here, so what comes behind them neither.
        if (addresses > 0 || bytes[13] == ProxyWire.FamilyUnspecified)
        {
            if (!TryReadValues(bytes[..total], ProxyWire.FixedBytes + addresses, ref read, out problem))
                return ProxyHeaderStatus.Malformed;
        }

        header = read;
        return ProxyHeaderStatus.Complete;
    }

    private static ProxyHeader WithAddresses(ProxyHeader header, ReadOnlySpan<byte> block)
    {
        var size = (block.Length - 4) / 2;
        return header with
        {
            Source = InetEndPoint.From(new IPAddress(block[..size]), BinaryPrimitives.ReadUInt16BigEndian(block[(2 * size)..])),
            Destination = InetEndPoint.From(
                new IPAddress(block[size..(2 * size)]),
                BinaryPrimitives.ReadUInt16BigEndian(block[((2 * size) + 2)..])
            ),
        };
    }

    private static bool TryReadValues(ReadOnlySpan<byte> header, int at, ref ProxyHeader read, out string problem)
    {
        problem = "";
        while (at < header.Length)
        {
            if (!TryTake(header, ref at, out var type, out var value))
            {
                problem = "it ends within a TLV";
                return false;
            }

            switch (type)
            {
                case ProxyWire.TypeAlpn:
                    read = read with { ApplicationProtocol = Encoding.Latin1.GetString(value) };
                    break;
                case ProxyWire.TypeAuthority:
                    read = read with { Authority = Encoding.UTF8.GetString(value) };
                    break;
                case ProxyWire.TypeUniqueId:
                    read = read with { UniqueId = Encoding.Latin1.GetString(value[..Math.Min(value.Length, 128)]) };
                    break;
                case ProxyWire.TypeSsl when !TryReadSsl(value, ref read):
                    problem = "its TLS part is broken";
                    return false;
                case ProxyWire.TypeCrc32C when !IsRight(header, value, at):
                    problem = "its checksum is wrong";
                    return false;
                default:
                    break;
            }
        }

        return true;
    }

    private static bool TryReadSsl(ReadOnlySpan<byte> value, ref ProxyHeader read)
    {
        if (value.Length < 5)
            return false;
        if ((value[0] & ProxyWire.ClientSsl) == 0)
            return true;
        var hasCertificate =
            (value[0] & (ProxyWire.ClientCertificateConnection | ProxyWire.ClientCertificateSession)) != 0
            && BinaryPrimitives.ReadUInt32BigEndian(value[1..]) == 0;
        var tls = new ProxyTls("", "", hasCertificate, "");
        for (var at = 5; at < value.Length; )
        {
            if (!TryTake(value, ref at, out var type, out var part))
                return false;
            var text = Encoding.UTF8.GetString(part);
            tls = type switch
            {
                ProxyWire.TypeSslVersion => tls with { Version = text },
                ProxyWire.TypeSslCommonName => tls with { CommonName = text },
                ProxyWire.TypeSslCipher => tls with { CipherSuite = text },
                ProxyWire.TypeSslSignature => tls with { CertificateSignature = text },
                ProxyWire.TypeSslKey => tls with { CertificateKey = text },
                _ => tls,
            };
        }

        read = read with { Tls = tls };
        return true;
    }

    internal static bool TryTake(ReadOnlySpan<byte> bytes, scoped ref int at, out byte type, out ReadOnlySpan<byte> value)
    {
        type = 0;
        value = default;
        if (bytes.Length - at < 3)
            return false;
        type = bytes[at];
        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 1)..]);
        if (bytes.Length - at - 3 < length)
            return false;
        value = bytes.Slice(at + 3, length);
        at += 3 + length;
        return true;
    }

    /// <param name="header">All of it.</param>
    /// <param name="checksum">The value.</param>
    /// <param name="end">Where the value ends.</param>
    private static bool IsRight(ReadOnlySpan<byte> header, ReadOnlySpan<byte> checksum, int end)
    {
        if (checksum.Length != sizeof(uint))
            return false;
        Span<byte> copy = stackalloc byte[header.Length];
        header.CopyTo(copy);
        copy[(end - sizeof(uint))..end].Clear();
        return ProxyWire.Crc32C(copy) == BinaryPrimitives.ReadUInt32BigEndian(checksum);
    }

    private static bool TryRead(string address, string port, AddressFamily family, out InetEndPoint endPoint)
    {
        endPoint = default;
        // Leading zeros are not allowed (§2.1), and IPAddress takes other forms than the dotted one.
        if (
            !IPAddress.TryParse(address, out var parsed)
            || parsed.AddressFamily != family
            || (family == AddressFamily.InterNetwork && address.AsSpan().Count('.') != 3)
            || address.Contains('%', StringComparison.Ordinal)
            || !ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || (port.Length > 1 && port[0] == '0')
        )
            return false;
        endPoint = InetEndPoint.From(parsed, number);
        return true;
    }

    private static ProxyHeaderStatus Malformed(string what, out string problem)
    {
        problem = what;
        return ProxyHeaderStatus.Malformed;
    }
}

/// <summary>What came of reading.</summary>
public enum ProxyHeaderStatus
{
    NeedMore,
    Complete,
    Malformed,
}
