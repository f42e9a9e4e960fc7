using System.Net;
using TlsGateway.Actors.Routing;

namespace TlsGateway.Actors.Inspection;

/// <summary>The networks of a <see cref="ConnectionFilter"/>, as people write them.</summary>
public static class ClientNetwork
{
    /// <summary>Reads an address (192.0.2.7, 2001:db8::1) or a network (192.0.2.0/24); bits behind the prefix do not count. Null: it is neither.</summary>
    public static PrefixTable? Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        // A plain number is an address to IPAddress (of 32 bits), and none to people.
        if (!text.AsSpan().ContainsAny('.', ':') || !IPAddress.TryParse(slash < 0 ? text : text[..slash], out var address))
            return null;
        var bits = address.GetAddressBytes().Length * 8;
        if (slash < 0)
            return PrefixTable.Of([new IPNetwork(address, bits)]);
        return int.TryParse(text.AsSpan(slash + 1), out var length) && length >= 0 && length <= bits
            ? PrefixTable.Of([new IPNetwork(address, length)])
            : null;
    }
}
