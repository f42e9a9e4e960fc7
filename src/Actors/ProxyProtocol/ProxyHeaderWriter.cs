using System.Buffers.Binary;
using System.Net;
using System.Text;
using TlsGateway.Transport;

namespace TlsGateway.Actors.ProxyProtocol;

/// <summary>Writes PROXY headers.</summary>
public static class ProxyHeaderWriter
{
    /// <summary>Enough for either version: texts are cut to their bounds.</summary>
    public const int MaxBytes = 2048;

    private const int LongestText = 255;
    private const int LongestUniqueId = 128;

    /// <summary>Version 1, a line of text: addresses only (§2.1).</summary>
    /// <returns>Bytes written to <paramref name="destination"/>, which has 107 at least.</returns>
    public static int WriteVersion1(ProxyHeader header, Span<byte> destination)
    {
        if (header is not { IsLocal: false, Source: { } source, Destination: { } local })
            return Encoding.ASCII.GetBytes("PROXY UNKNOWN\r\n", destination);
        var (family, from, to) = Alike(source, local) ? ("TCP4", Text(source), Text(local)) : ("TCP6", Text6(source), Text6(local));
        return Encoding.ASCII.GetBytes(
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"PROXY {family} {from} {to} {source.Port} {local.Port}\r\n"),
            destination
        );
    }

    /// <summary>Version 2, binary: addresses, what is known of the client's TLS, and a checksum over all of it (§2.2).</summary>
    /// <returns>Bytes written to <paramref name="destination"/>, which has <see cref="MaxBytes"/>.</returns>
    public static int WriteVersion2(ProxyHeader header, Span<byte> destination)
    {
        var at = WriteAddresses(header, destination);
        at = Value(destination, at, ProxyWire.TypeAlpn, header.ApplicationProtocol, LongestText);
        at = Value(destination, at, ProxyWire.TypeAuthority, header.Authority, LongestText);
        at = Value(destination, at, ProxyWire.TypeUniqueId, header.UniqueId, LongestUniqueId, Encoding.Latin1);
        if (header.Tls is { } tls)
            at = Ssl(destination, at, tls);
        var checksum = at + 3;
        at = Value(destination, at, ProxyWire.TypeCrc32C, [0, 0, 0, 0]);
        BinaryPrimitives.WriteUInt16BigEndian(destination[14..], (ushort)(at - ProxyWire.FixedBytes));
        BinaryPrimitives.WriteUInt32BigEndian(destination[checksum..], ProxyWire.Crc32C(destination[..at]));
        return at;
    }

    /// <summary>The beginning of version 2, as far as the addresses; TLVs may follow, and the length is to be written.</summary>
    /// <returns>Bytes written.</returns>
    internal static int WriteAddresses(ProxyHeader header, Span<byte> destination)
    {
        ProxyWire.Signature.CopyTo(destination);
        destination[12] = header.IsLocal ? ProxyWire.CommandLocal : ProxyWire.CommandProxy;
        var at = ProxyWire.FixedBytes;
        destination[13] = ProxyWire.FamilyUnspecified;
        if (header is not { IsLocal: false, Source: { } source, Destination: { } local })
            return at;
        var isTcp4 = Alike(source, local);
        destination[13] = isTcp4 ? ProxyWire.FamilyTcp4 : ProxyWire.FamilyTcp6;
        at = Address(destination, at, source, isTcp4);
        at = Address(destination, at, local, isTcp4);
        BinaryPrimitives.WriteUInt16BigEndian(destination[at..], source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(destination[(at + 2)..], local.Port);
        return at + 4;
    }

    /// <summary>A TLV with as much of a text as fits; nothing for no text.</summary>
    internal static int Value(Span<byte> destination, int at, byte type, string text) => Value(destination, at, type, text, LongestText);

    private static int Ssl(Span<byte> destination, int at, ProxyTls tls)
    {
        var start = at;
        destination[at] = ProxyWire.TypeSsl;
        destination[at + 3] = (byte)(
            ProxyWire.ClientSsl | (tls.HasCertificate ? ProxyWire.ClientCertificateConnection | ProxyWire.ClientCertificateSession : 0)
        );
        // "zero if the client presented a certificate and it was successfully verified, and non-zero otherwise"
        BinaryPrimitives.WriteUInt32BigEndian(destination[(at + 4)..], tls.HasCertificate ? 0U : 1U);
        at += 8;
        at = Value(destination, at, ProxyWire.TypeSslVersion, tls.Version, LongestText);
        at = Value(destination, at, ProxyWire.TypeSslCommonName, tls.CommonName, LongestText);
        at = Value(destination, at, ProxyWire.TypeSslCipher, tls.CipherSuite, LongestText);
        at = Value(destination, at, ProxyWire.TypeSslSignature, tls.CertificateSignature, LongestText);
        at = Value(destination, at, ProxyWire.TypeSslKey, tls.CertificateKey, LongestText);
        BinaryPrimitives.WriteUInt16BigEndian(destination[(start + 1)..], (ushort)(at - start - 3));
        return at;
    }

    private static int Address(Span<byte> destination, int at, InetEndPoint endPoint, bool isTcp4)
    {
        var address = endPoint.ToIPEndPoint().Address;
        (isTcp4 ? address : address.MapToIPv6()).TryWriteBytes(destination[at..], out var written);
        return at + written;
    }

    /// <summary>As many whole characters as fit; nothing for no text.</summary>
    private static int Value(Span<byte> destination, int at, byte type, string text, int longest, Encoding? encoding = null)
    {
        if (text.Length == 0)
            return at;
        Span<byte> bytes = stackalloc byte[longest];
        (encoding ?? Encoding.UTF8).GetEncoder().Convert(text, bytes, flush: true, out _, out var length, out _);
        return Value(destination, at, type, bytes[..length]);
    }

    internal static int Value(Span<byte> destination, int at, byte type, ReadOnlySpan<byte> value)
    {
        destination[at] = type;
        BinaryPrimitives.WriteUInt16BigEndian(destination[(at + 1)..], (ushort)value.Length);
        value.CopyTo(destination[(at + 3)..]);
        return at + 3 + value.Length;
    }

    /// <summary>One family serves both: TCP4 only when both are IPv4.</summary>
    private static bool Alike(InetEndPoint source, InetEndPoint destination) => source.IsIPv4 && destination.IsIPv4;

    private static string Text(InetEndPoint endPoint) => endPoint.ToIPEndPoint().Address.ToString();

    private static string Text6(InetEndPoint endPoint)
    {
        var address = endPoint.ToIPEndPoint().Address.MapToIPv6();
        // No scope: it means nothing elsewhere.
        return new IPAddress(address.GetAddressBytes()).ToString();
    }
}
