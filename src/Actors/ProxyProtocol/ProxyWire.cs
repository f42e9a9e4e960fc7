using System.Numerics;

namespace TlsGateway.Actors.ProxyProtocol;

/// <summary>Numbers of the PROXY protocol's version 2, and its checksum.</summary>
internal static class ProxyWire
{
    public const int FixedBytes = 16;

    public const byte CommandLocal = 0x20;
    public const byte CommandProxy = 0x21;

    public const byte FamilyUnspecified = 0x00;
    public const byte FamilyTcp4 = 0x11;
    public const byte FamilyTcp6 = 0x21;

    public const byte TypeAlpn = 0x01;
    public const byte TypeAuthority = 0x02;
    public const byte TypeCrc32C = 0x03;
    public const byte TypeNoop = 0x04;
    public const byte TypeUniqueId = 0x05;
    public const byte TypeSsl = 0x20;
    public const byte TypeSslVersion = 0x21;
    public const byte TypeSslCommonName = 0x22;
    public const byte TypeSslCipher = 0x23;
    public const byte TypeSslSignature = 0x24;
    public const byte TypeSslKey = 0x25;

    public const byte ClientSsl = 0x01;
    public const byte ClientCertificateConnection = 0x02;
    public const byte ClientCertificateSession = 0x04;

    public static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>CRC-32C (RFC 4960 appendix B).</summary>
    public static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
