using System.Net;
using TlsGateway.Actors.Limits;
using TlsGateway.Actors.Settings;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Usage;

/// <summary>Whom something is counted for: a client network, and the configured name that it asked for.</summary>
/// <param name="Network">Its first address, IPv4 mapped (RFC 4291 §2.5.5.2).</param>
/// <param name="PrefixLength">Bits of the address that make the network, as its kind of address counts them.</param>
/// <param name="IsIPv4">The kind.</param>
/// <param name="Name">As the configuration writes it; see <see cref="ConfiguredNames"/>.</param>
public readonly record struct UsageKey(UInt128 Network, int PrefixLength, bool IsIPv4, string Name)
{
    /// <summary>Without the name's text: names are few, and hashing one costs as much as all else of counting.</summary>
    public override int GetHashCode() => HashCode.Combine(Network, PrefixLength, Name.Length);

    internal static UsageKey Of(in InetEndPoint client, ClientLimitSettings networks, string name) =>
        new(ClientTable.NetworkOf(client, networks), client.IsIPv4 ? networks.IPv4Prefix : networks.IPv6Prefix, client.IsIPv4, name);

    /// <summary>The network as people write it: 192.0.2.0/24, or the address alone where it is all of it.</summary>
    public string NetworkText
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, Network);
            var address = new IPAddress(IsIPv4 ? bytes[12..] : bytes);
            return PrefixLength == (IsIPv4 ? 32 : 128) ? address.ToString() : $"{address}/{PrefixLength}";
        }
    }
}
