using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Health;

/// <summary>Names the checks of an endpoint by all that they depend on: gateways with the same name for them would find the same.</summary>
internal static class CheckWork
{
    /// <summary>SHA-256, hexadecimal; null: what is at this address depends on the machine, so that no other can check it.</summary>
    public static string? NameOf(Upstream upstream, Endpoint endpoint) =>
        upstream.Settings.HealthCheck is { } check && IsSameEverywhere(endpoint)
            ? NameOf(
                upstream.Settings.Name,
                endpoint.ToString(),
                upstream.HostOf(endpoint),
                upstream.Settings.ProxyProtocol.ToString(),
                check.Kind.ToString(),
                Text(check.Interval.Ticks),
                Text(check.Timeout.Ticks),
                Text(check.Rise),
                Text(check.Fall),
                Text(check.Port),
                check.Path,
                check.Host,
                Text(check.Status.From),
                Text(check.Status.To),
                check.Body
            )
            : null;

    /// <summary>Unix sockets, loopback and link-local addresses are each machine's own.</summary>
    public static bool IsSameEverywhere(Endpoint endpoint)
    {
        if (endpoint.UnixPath is not null)
            return false;
        var address = endpoint.Address.ToIPEndPoint().Address;
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return !IPAddress.IsLoopback(address)
            && !address.IsIPv6LinkLocal
            && !address.Equals(IPAddress.Any)
            && !address.Equals(IPAddress.IPv6Any)
            && address.GetAddressBytes() is not [169, 254, _, _];
    }

    /// <summary>With its length before each part: no two lists make the same text.</summary>
    private static string NameOf(params ReadOnlySpan<string> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
            text.Append(CultureInfo.InvariantCulture, $"{part.Length}:{part};");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
