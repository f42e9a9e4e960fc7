using System.Collections.Concurrent;
using System.Net;
using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Balancing;

/// <summary>
/// The endpoints of an upstream that one name in the configuration stands for: a written address or path, or a host name with a port. Metrics are by it: a name server may add addresses at will, names are as many as
/// somebody wrote.
/// </summary>
internal sealed class ConfiguredEndpoint
{
    private readonly ConcurrentDictionary<int, EndpointTraffic> _traffic = new();

    public ConfiguredEndpoint(string upstream, Key name, EndpointCounters all)
    {
        Counters = new EndpointCounters(all);
        // OpenTelemetry's general attributes; a Unix socket has no port.
        Labels = name.Port is { } port
            ? [new("upstream", upstream), new("server.address", name.Address), new("server.port", port)]
            : [new("upstream", upstream), new("server.address", name.Address)];
    }

    /// <summary>Of all its endpoints together, those that it had before included.</summary>
    public EndpointCounters Counters { get; }

    /// <summary>What its measurements carry.</summary>
    public KeyValuePair<string, object?>[] Labels { get; }

    /// <summary>Of each loop that has had a connection there.</summary>
    public IEnumerable<EndpointTraffic> Traffic => _traffic.Values;

    /// <summary>Where a loop counts.</summary>
    public EndpointTraffic TrafficOf(int loop) => _traffic.GetOrAdd(loop, static _ => new EndpointTraffic());

    public static Key NameOf(EndpointSettings settings) =>
        settings.Address is IPEndPoint ip
            ? new Key(settings.Host.Length > 0 ? settings.Host : ip.Address.ToString(), ip.Port)
            : new Key(settings.Address.ToString()!, null);

    /// <param name="Address">The host name, the IP address, or the path.</param>
    /// <param name="Port">Null: it is a path.</param>
    internal readonly record struct Key(string Address, int? Port);
}
