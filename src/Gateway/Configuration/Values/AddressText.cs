using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace TlsGateway.Gateway.Configuration.Values;

/// <summary>Addresses as operators write them: <c>host:port</c>, <c>[IPv6]:port</c>, and <c>:port</c> for every address of this machine.</summary>
internal static class AddressText
{
    /// <summary>RFC 1035 §2.3.4: a name has at most 255 octets, 253 characters as text.</summary>
    private const int MaxHostLength = 253;

    /// <summary>
    /// Splits text into host and port. The host is empty for <c>:port</c>, and without brackets for IPv6. On false, <paramref name="problem"/>
    /// completes "key is 'text', …".
    /// </summary>
    public static bool TrySplit(string text, out string host, out int port, out string problem)
    {
        host = "";
        port = 0;
        if (text.Contains("://", StringComparison.Ordinal))
        {
            problem = "which is a URL. Write host:port, without https:// and path.";
            return false;
        }
        var colon = text.LastIndexOf(':');
        if (colon < 0)
        {
            problem = "which has no port. Write host:port, such as 127.0.0.1:8443.";
            return false;
        }
        if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port > IPEndPoint.MaxPort)
        {
            problem = $"whose port '{text[(colon + 1)..]}' is not a number from 0 to {IPEndPoint.MaxPort}.";
            return false;
        }
        host = text[..colon];
        problem = "";
        if (host.StartsWith('[') && host.EndsWith(']'))
        {
            host = host[1..^1];
            problem =
                IPAddress.TryParse(host, out var inner) && inner.AddressFamily == AddressFamily.InterNetworkV6
                    ? ""
                    : "whose brackets do not hold an IPv6 address.";
        }
        else if (host.Contains(':', StringComparison.Ordinal))
        {
            problem = $"which is ambiguous. Write an IPv6 address in brackets: [{host}]:{port}.";
        }
        else if (host.Length > 0 && (host.Length > MaxHostLength || Uri.CheckHostName(host) == UriHostNameType.Unknown))
        {
            problem = "whose host is neither a name nor an IP address.";
        }
        return problem.Length == 0;
    }

    /// <summary>
    /// An address to listen on: an IP address of this machine, <c>localhost</c> (127.0.0.1), or nothing (every address, IPv6 included where the
    /// system has it). Port 0 lets the system choose.
    /// </summary>
    public static bool TryParseBind(string text, out IPEndPoint endPoint, out string problem)
    {
        endPoint = new IPEndPoint(IPAddress.Loopback, 0);
        if (!TrySplit(text, out var host, out var port, out problem))
        {
            return false;
        }
        var address = host switch
        {
            "" or "*" => Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any,
            "localhost" => IPAddress.Loopback,
            _ => ParseDotted(host),
        };
        if (address is null)
        {
            problem =
                "whose host is a name. Listen on an IP address of this machine, on localhost, or on every address with :" + port + ".";
            return false;
        }
        endPoint = new IPEndPoint(address, port);
        return true;
    }

    /// <summary>An address or a network in CIDR form; an address alone is a network of one. Bits behind the prefix must be zero: else one of the two is a slip.</summary>
    public static bool TryParseNetwork(string text, out IPNetwork network, out string problem)
    {
        problem = "";
        network = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (ParseDotted(slash < 0 ? text : text[..slash]) is not { } address)
        {
            problem = "which is no address or network. Write 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32.";
            return false;
        }
        var longest = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        var length = longest;
        if (
            slash >= 0
            && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > longest)
        )
        {
            problem = $"whose prefix length is not a number from 0 to {longest}.";
            return false;
        }
        network = new IPNetwork(address, length);
        // The constructor clears them.
        if (!network.BaseAddress.Equals(address))
        {
            problem = $"which has bits behind its prefix of {length}. Write the network's first address.";
            return false;
        }
        return true;
    }

    /// <summary>Whether listening on both at once must fail: the same port and an address in common. Port 0 never conflicts.</summary>
    public static bool Conflict(IPEndPoint left, IPEndPoint right) =>
        left.Port == right.Port
        && left.Port != 0
        && (left.Address.Equals(right.Address) || Covers(left.Address, right.Address) || Covers(right.Address, left.Address));

    /// <summary>[::] is dual stack here, so it covers every address; 0.0.0.0 covers those of IPv4.</summary>
    private static bool Covers(IPAddress wildcard, IPAddress other) =>
        wildcard.Equals(IPAddress.IPv6Any) || (wildcard.Equals(IPAddress.Any) && other.AddressFamily == AddressFamily.InterNetwork);

    /// <summary>An IP literal; the forms 1, 127.1 and 0x7f000001 that <see cref="IPAddress.TryParse(string, out IPAddress)"/> takes are not.</summary>
    private static IPAddress? ParseDotted(string host) =>
        IPAddress.TryParse(host, out var address)
        && (address.AddressFamily == AddressFamily.InterNetworkV6 || host.AsSpan().Count('.') == 3)
            ? address
            : null;
}
