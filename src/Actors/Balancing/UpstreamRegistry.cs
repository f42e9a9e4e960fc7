using TlsGateway.Actors.Settings;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Balancing;

/// <summary>Makes each generation's upstreams over endpoints that live on: the same upstream's same address is the same endpoint. One thread at a time.</summary>
/// <param name="loops">How many loops there are.</param>
/// <param name="isBorn">Told of each upstream that is new, by its name.</param>
/// <param name="hasGone">Told of each that the new generation does not have.</param>
internal sealed class UpstreamRegistry(int loops, Action<UpstreamGroup>? isBorn = null, Action<UpstreamGroup>? hasGone = null)
{
    private Dictionary<string, UpstreamGroup> _groups = new(StringComparer.Ordinal);

    /// <summary>Those of the newest generation. Any thread.</summary>
    public IReadOnlyCollection<UpstreamGroup> Groups => Volatile.Read(ref _groups).Values;

    /// <summary>The upstreams of a generation, by their settings (as objects).</summary>
    /// <param name="settings">Of all upstreams; the same object may come more than once.</param>
    /// <param name="contexts">For those with TLS, by settings. Owned by the upstreams from here on.</param>
    public IReadOnlyDictionary<UpstreamSettings, Upstream> Make(
        IEnumerable<UpstreamSettings> settings,
        IReadOnlyDictionary<UpstreamSettings, ITlsContext>? contexts = null
    )
    {
        var groups = new Dictionary<string, UpstreamGroup>(StringComparer.Ordinal);
        var made = new Dictionary<UpstreamSettings, Upstream>(ReferenceEqualityComparer.Instance);
        foreach (var upstream in settings)
        {
            if (!made.ContainsKey(upstream))
                made.Add(upstream, new Upstream(upstream, GroupOf(upstream.Name), loops, contexts?.GetValueOrDefault(upstream)));
        }

        foreach (var upstream in made.Values)
            upstream.Group.Use(upstream);
        foreach (var gone in _groups.Values.Where(group => !groups.ContainsKey(group.Name)))
            hasGone?.Invoke(gone);
        Volatile.Write(ref _groups, groups);
        return made;

        UpstreamGroup GroupOf(string name)
        {
            if (groups.TryGetValue(name, out var group))
                return group;
            if (!_groups.TryGetValue(name, out group))
            {
                group = new UpstreamGroup(name);
                isBorn?.Invoke(group);
            }

            groups.Add(name, group);
            return group;
        }
    }
}
