using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace TlsGateway.Transport.Native;

/// <summary><c>sockaddr_in</c> and <c>sockaddr_in6</c> to and from <see cref="InetEndPoint"/>.</summary>
internal static unsafe class SocketAddress
{
    /// <summary>sizeof(sockaddr_in6), the larger of the two.</summary>
    public const int MaxBytes = 28;

    private const int IPv4Bytes = 16;
    private const int PortOffset = 2;
    private const int IPv4AddressOffset = 4;
    private const int IPv6AddressOffset = 8;
    private const int ScopeOffset = 24;

    /// <summary>Writes the address into <see cref="MaxBytes"/> bytes at <paramref name="target"/>; returns how many count.</summary>
    public static uint Write(in InetEndPoint endPoint, byte* target)
    {
        new Span<byte>(target, MaxBytes).Clear();
        Unsafe.WriteUnaligned(target, (ushort)(endPoint.IsIPv4 ? LinuxConstants.AF_INET : LinuxConstants.AF_INET6));
        BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(target + PortOffset, 2), endPoint.Port);
        if (endPoint.IsIPv4)
        {
            endPoint.WriteAddress(new Span<byte>(target + IPv4AddressOffset, 4));
            return IPv4Bytes;
        }

        endPoint.WriteAddress(new Span<byte>(target + IPv6AddressOffset, 16));
        Unsafe.WriteUnaligned(target + ScopeOffset, endPoint.ScopeId);
        return MaxBytes;
    }

    /// <summary>Reads what the kernel filled in; an address of another family reads as 0.0.0.0:0.</summary>
    public static InetEndPoint Read(byte* source, uint length)
    {
        if (length < IPv4Bytes)
            return default;
        int family = Unsafe.ReadUnaligned<ushort>(source);
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(source + PortOffset, 2));
        if (family == LinuxConstants.AF_INET)
            return InetEndPoint.FromIPv4(new ReadOnlySpan<byte>(source + IPv4AddressOffset, 4), port);
        if (family != LinuxConstants.AF_INET6 || length < MaxBytes)
            return default;
        uint scope = Unsafe.ReadUnaligned<uint>(source + ScopeOffset);
        return InetEndPoint.FromIPv6(new ReadOnlySpan<byte>(source + IPv6AddressOffset, 16), scope, port);
    }
}
