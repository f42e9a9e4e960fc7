using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace TlsGateway.Transport;

/// <summary>
/// An IPv4 or IPv6 address with a port, as a 24-byte value. IPv4-mapped IPv6 addresses become IPv4 when the value is made, so that a client reads the
/// same whether it came by an IPv4 or a dual-stack listener. <c>default</c> is 0.0.0.0:0.
/// </summary>
public readonly struct InetEndPoint : IEquatable<InetEndPoint>, ISpanFormattable
{
    /// <summary>Longest text: eight groups of four digits, brackets, a ten-digit scope with its sign, and a port.</summary>
    public const int MaxTextLength = 39 + 2 + 11 + 6;

    /// <summary>The ten bytes of zero and two of 0xff before a mapped IPv4 address (RFC 4291 §2.5.5.2), as the low half sees them.</summary>
    private const ulong MappedPrefix = 0x0000_ffffUL;

    // The 16 bytes of an IPv6 address, big-endian; of an IPv4 address the last four, the rest zero.
    private readonly ulong _high;
    private readonly ulong _low;
    private readonly uint _scopeId;
    private readonly ushort _port;
    private readonly bool _isIPv6;

    private InetEndPoint(ulong high, ulong low, uint scopeId, ushort port, bool isIPv6)
    {
        bool mapped = isIPv6 && high == 0 && low >> 32 == MappedPrefix;
        _high = high;
        _low = mapped ? (uint)low : low;
        _scopeId = mapped ? 0 : scopeId;
        _port = port;
        _isIPv6 = isIPv6 && !mapped;
    }

    public ushort Port => _port;

    public bool IsIPv4 => !_isIPv6;

    /// <summary>The address, without port and scope: of IPv4 the mapped form (RFC 4291 §2.5.5.2), so that both kinds compare.</summary>
    public UInt128 AddressBits => new(_isIPv6 ? _high : 0, _isIPv6 ? _low : (MappedPrefix << 32) | _low);

    /// <summary>Whether it is 0.0.0.0 or [::].</summary>
    public bool IsAny => _high == 0 && _low == 0;

    /// <summary>The interface index of a link-local IPv6 address; 0 where there is none.</summary>
    public uint ScopeId => _scopeId;

    public static InetEndPoint From(IPEndPoint endPoint) => From(endPoint.Address, endPoint.Port);

    /// <param name="address">IPv4 or IPv6.</param>
    /// <param name="port">0 to 65535.</param>
    public static InetEndPoint From(IPAddress address, int port)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
        Span<byte> bytes = stackalloc byte[16];
        _ = address.TryWriteBytes(bytes, out int written);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? FromIPv4(bytes[..written], (ushort)port)
            : FromIPv6(bytes, (uint)address.ScopeId, (ushort)port);
    }

    public IPEndPoint ToIPEndPoint()
    {
        Span<byte> bytes = stackalloc byte[16];
        int length = WriteAddress(bytes);
        return new IPEndPoint(_isIPv6 ? new IPAddress(bytes[..length], _scopeId) : new IPAddress(bytes[..length]), _port);
    }

    /// <summary>The same address with another port.</summary>
    public InetEndPoint WithPort(ushort port) => new(_high, _low, _scopeId, port, _isIPv6);

    public bool Equals(InetEndPoint other) =>
        _high == other._high && _low == other._low && _scopeId == other._scopeId && _port == other._port && _isIPv6 == other._isIPv6;

    public override bool Equals(object? obj) => obj is InetEndPoint other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_high, _low, _scopeId, _port, _isIPv6);

    public static bool operator ==(InetEndPoint left, InetEndPoint right) => left.Equals(right);

    public static bool operator !=(InetEndPoint left, InetEndPoint right) => !left.Equals(right);

    /// <summary>192.0.2.1:443, [2001:db8::1]:443 or [fe80::1%2]:443 (RFC 5952, RFC 4007 §11.2).</summary>
    public override string ToString()
    {
        Span<char> text = stackalloc char[MaxTextLength];
        _ = TryFormat(text, out int written);
        return new string(text[..written]);
    }

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    /// <summary>Writes what <see cref="ToString()"/> gives, without allocating; <see cref="MaxTextLength"/> characters are always enough.</summary>
    public bool TryFormat(Span<char> destination, out int charsWritten) => InetEndPointText.TryFormat(this, destination, out charsWritten);

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        TryFormat(destination, out charsWritten);

    internal static InetEndPoint FromIPv4(ReadOnlySpan<byte> address, ushort port) =>
        new(0, BinaryPrimitives.ReadUInt32BigEndian(address), 0, port, isIPv6: false);

    internal static InetEndPoint FromIPv6(ReadOnlySpan<byte> address, uint scopeId, ushort port) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(address), BinaryPrimitives.ReadUInt64BigEndian(address[8..]), scopeId, port, isIPv6: true);

    /// <summary>Writes the address in network order; returns 4 or 16.</summary>
    internal int WriteAddress(Span<byte> target)
    {
        if (!_isIPv6)
        {
            BinaryPrimitives.WriteUInt32BigEndian(target, (uint)_low);
            return 4;
        }

        BinaryPrimitives.WriteUInt64BigEndian(target, _high);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], _low);
        return 16;
    }
}
