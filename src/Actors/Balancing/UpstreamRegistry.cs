using TlsGateway.Actors.Settings;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Balancing;

/// <summary>Makes each generation's upstreams over endpoints that live on: the same upstream's same address is the same endpoint. One thread at a time.</summary>
internal sealed class UpstreamRegistry(int loops)
{
    private Dictionary<(string Upstream, InetEndPoint Address), Endpoint> _endpoints = [];

    /// <summary>The upstreams of a generation, by their settings (as objects). Endpoints that it does not name are forgotten here; connections keep theirs.</summary>
    public IReadOnlyDictionary<UpstreamSettings, Upstream> Make(IEnumerable<UpstreamSettings> settings)
    {
        var before = _endpoints;
        var endpoints = new Dictionary<(string, InetEndPoint), Endpoint>();
        var made = new Dictionary<UpstreamSettings, Upstream>(ReferenceEqualityComparer.Instance);
        foreach (var upstream in settings)
        {
            if (!made.ContainsKey(upstream))
                made.Add(upstream, new Upstream(upstream, e => EndpointOf(upstream.Name, e), loops));
        }

        _endpoints = endpoints;
        return made;

        Endpoint EndpointOf(string name, EndpointSettings endpoint)
        {
            var key = (name, InetEndPoint.From(endpoint.Address));
            if (!endpoints.TryGetValue(key, out var found))
                endpoints.Add(key, found = before.GetValueOrDefault(key) ?? new Endpoint(key.Item2));
            return found;
        }
    }
}
