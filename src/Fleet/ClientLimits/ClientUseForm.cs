using System.Buffers.Binary;
using Google.Protobuf;
using TlsGateway.Actors.Limits;

namespace TlsGateway.Fleet.ClientLimits;

/// <summary>Client networks as they go over the wire: nothing that a member says is taken beyond bounds.</summary>
internal static class ClientUseForm
{
    private const int AddressBytes = 16;

    /// <summary>Above all that a limit can be, so that a sum of them stays a number.</summary>
    private const int MostOfOne = 10_000_000;

    public static Wire.ClientUse Write(ClientUse use)
    {
        Wire.ClientUse written = new() { Ipv4Prefix = use.IPv4Prefix, Ipv6Prefix = use.IPv6Prefix };
        Span<byte> address = stackalloc byte[AddressBytes];
        foreach (var network in use.Networks.Take(FleetClients.MostTold))
        {
            BinaryPrimitives.WriteUInt128BigEndian(address, network.Network);
            written.Networks.Add(
                new Wire.NetworkUse
                {
                    Network = ByteString.CopyFrom(address),
                    Connections = network.Connections,
                    Handshakes = network.Handshakes,
                }
            );
        }
        return written;
    }

    /// <exception cref="FormatException">It is none.</exception>
    public static ClientUse Read(Wire.ClientUse use) =>
        new(
            use.Ipv4Prefix,
            use.Ipv6Prefix,
            [
                .. use
                    .Networks.Take(FleetClients.MostTold)
                    .Select(static one => new NetworkUse(
                        one.Network.Length == AddressBytes
                            ? BinaryPrimitives.ReadUInt128BigEndian(one.Network.Span)
                            : throw new FormatException(),
                        Math.Clamp(one.Connections, 0, MostOfOne),
                        Math.Clamp(one.Handshakes, 0, MostOfOne)
                    )),
            ]
        );
}
