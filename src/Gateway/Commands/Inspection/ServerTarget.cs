using System.Globalization;
using System.Net;
using TlsGateway.Pki;

namespace TlsGateway.Gateway.Commands.Inspection;

/// <summary>A server to look at.</summary>
/// <param name="Host">A name or address.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="ServerName">For SNI and verification.</param>
/// <param name="ApplicationProtocols">What ALPN offers.</param>
internal sealed record ServerTarget(string Host, int Port, string ServerName, IReadOnlyList<string> ApplicationProtocols)
{
    /// <exception cref="PkiException">It is no server, nor a file.</exception>
    public static ServerTarget Parse(string text, string? serverName, string? protocols)
    {
        var colon = text.LastIndexOf(':');
        var host = colon > 0 ? text[..colon].Trim('[', ']') : "";
        var isAddress = IPAddress.TryParse(host, out _);
        var isHost = isAddress || Uri.CheckHostName(host) == UriHostNameType.Dns;
        if (!isHost || !ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
        {
            throw new PkiException(
                $"'{text}' is neither a file that exists nor a server. Check the path, or write a server like www.example.org:443 or [::1]:8443."
            );
        }
        return new ServerTarget(
            host,
            port,
            serverName ?? host,
            protocols?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? []
        );
    }
}
